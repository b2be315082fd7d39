"""What several unit tests of the service work on: a real SQLite, and a doorbell that writes down what it is told."""

import threading
from contextlib import contextmanager

import pytest

from agent.settings import Settings
from server.service import Service
from server.store import open_store


class ListeningDoorbell:
    """The twin that writes down what is rung and told, and whose ears hear at once."""

    def __init__(self):
        self.rung, self.told, self.heard = [], [], threading.Event()

    def ring(self, run):
        self.rung.append(run.id)
        return True

    def tell(self, run_id):
        self.told.append(run_id)
        self.heard.set()

    @contextmanager
    def listen(self, run_id):
        yield self

    def wait(self, seconds):
        self.heard.wait(seconds)
        self.heard.clear()


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def service(settings):
    store = open_store(settings)
    yield Service(store, ListeningDoorbell())
    store.close()
