"""Meaning as vectors, with no network: all-MiniLM-L6-v2 on onnxruntime.

`python -m agent.embed build` makes the model file once (agent/embed_build.py). Where it is missing, `Embedder.ready` is
false and passages are ranked by their words alone.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

FILES = ("minilm.onnx", "words.npy", "tokenizer.json")
LONGEST = 160  # tokens of a text that are read: a passage of four sentences has some 100
# Read when onnxruntime is imported, which would else keep a device id and send its maker word of each use.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # noqa: TID251  (a wish to a library, no setting of ours)
SLOW_FUSIONS = ["SkipLayerNormFusion"]  # the sum and the norm as one node take six times as long as one after the other
BATCH = 16  # texts a call, of like length: 93 a second on two cores, where one by one gives 80 and 64 at once 79


def model_folder() -> Path:
    """Beside the installed packages, since it is made of one of them and belongs to no user's data."""
    return Path(sys.prefix) / "share" / "leash" / "minilm"


def model_file() -> Path:
    return model_folder() / "minilm.onnx"


class Embedder:
    """Loads at the first use, or in the background by `warm`. Thread-safe."""

    def __init__(self, folder: Path | None = None, threads: int = 2) -> None:
        self.folder, self.threads, self.lock = folder or model_folder(), threads, threading.Lock()
        self.warming: threading.Thread | None = None

    @property
    def ready(self) -> bool:
        return all((self.folder / name).is_file() for name in FILES)

    def warm(self) -> None:
        if self.ready:
            self.warming = threading.Thread(target=lambda: (self.vectors(["warm"]), self.rough([["warm"]])), daemon=True)
            self.warming.start()

    def close(self) -> None:
        """Waits for `warm`: a process that exits while onnxruntime makes its threads is aborted by the C++ runtime."""
        if self.warming:
            self.warming.join()

    @cached_property
    def parts(self) -> tuple:
        """The tokenizer, which neither cuts nor pads; the session; and the rough vector of every token."""
        import numpy as np
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        session = onnxruntime.InferenceSession(str(self.folder / "minilm.onnx"), options, providers=["CPUExecutionProvider"],
                                               disabled_optimizers=SLOW_FUSIONS)
        return tokenizer, session, np.load(self.folder / "words.npy")

    def loaded(self) -> tuple:
        with self.lock:
            return self.parts

    def unusual(self, word: str) -> bool:
        """Whether a word (lower case) falls into three pieces or more: a term of some trade, mostly, not of everyday."""
        if not self.ready:
            return False
        return len(self.loaded()[0].encode(word, add_special_tokens=False).tokens) >= 3

    def rough(self, texts: Sequence[Sequence[str]]) -> np.ndarray:
        """A rough unit vector of 256 numbers for each list of words: the mean of what each word means by itself.

        A hundred times as fast as `vectors`, to choose what those look at.
        """
        import numpy as np

        place = {word: number for number, word in enumerate(dict.fromkeys(word for text in texts for word in text))}
        table = self.word_vectors(list(place) or ["-"])
        sums = np.zeros((len(texts), table.shape[1]), np.float32)
        for number, text in enumerate(texts):
            if text:
                sums[number] = table[[place[word] for word in text]].sum(axis=0)
        return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)

    def word_vectors(self, words: list[str]) -> np.ndarray:
        """A vector a word: the sum of its pieces'."""
        import numpy as np

        tokenizer, _, table = self.loaded()
        coded = [code.ids or [0] for code in tokenizer.encode_batch(words, add_special_tokens=False)]
        starts = np.cumsum([0, *map(len, coded[:-1])])
        return np.add.reduceat(table[np.concatenate(coded)].astype(np.float32), starts, axis=0)

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """One unit vector of 384 numbers a text, in their order; the product of two is their likeness, -1 to 1."""
        import numpy as np

        tokenizer, session, _ = self.loaded()
        coded = [code.ids[:LONGEST - 1] + code.ids[-1:] for code in tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(texts)), key=lambda place: len(coded[place]))
        found = np.zeros((len(texts), 384), np.float32)
        for first in range(0, len(order), BATCH):
            places = order[first:first + BATCH]
            longest = len(coded[places[-1]])
            ids = np.array([coded[place] + [0] * (longest - len(coded[place])) for place in places], np.int32)
            found[places] = session.run(None, {"ids": ids, "mask": (ids != 0).astype(np.int32)})[0]
        return found


def main() -> int:
    from agent.embed_build import build

    if sys.argv[1:2] != ["build"]:
        sys.stderr.write("usage: python -m agent.embed build\n")
        return 2
    sys.stdout.write(f"{build(model_folder())}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
