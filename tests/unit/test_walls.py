"""Walls by their marks and their little text; and pages that look like walls and are none."""

from __future__ import annotations

import pytest

from agent.extract.signs.walls import headings, plain, wall_of
from agent.extract.words import word_count

LONG = "The grey heron stands at the edge of the water and waits for fish, frogs and voles. " * 30


def wall(html: str, text: str = "", url: str = "https://birds.example/heron") -> str:
    return wall_of(html, text or plain(html), url)


CHALLENGES = {
    "cloudflare": '<title>Just a moment...</title><body><div class="main-content"><h1>birds.example</h1><p>Verifying you are human. '
                  "This may take a few seconds.</p></div><script>window._cf_chl_opt={cvId:'3'};</script>",
    "cloudflare block": '<title>Attention Required! | Cloudflare</title><body><h1>Sorry, you have been blocked</h1>'
                        '<p>You are unable to access birds.example</p><div class="cf-error-details" id="cf-challenge"></div>',
    "turnstile": '<title>birds</title><body><div class="cf-turnstile"></div><p>Please verify you are not a robot.</p>',
    "datadome": '<title>birds.example</title><body><script>var dd={\'rt\':\'c\',\'host\':\'geo.captcha-delivery.com\'}</script>'
                '<script src="https://ct.captcha-delivery.com/c.js"></script>',
    "perimeterx": '<title>Access to this page has been denied</title><body><p>Press &amp; Hold to confirm you are a human.</p>'
                  '<div id="px-captcha"></div>',
    "perimeterx, its markup gone": '<title>Access to this page has been denied</title><body><h1>Press &amp; Hold to confirm you are '
                                   "a human (and not a bot).</h1><p>Reference ID 123</p>",
    "hcaptcha": '<title>Check</title><body><p>Are you human?</p><div class="h-captcha" data-sitekey="x"></div>',
    "recaptcha": '<title>Sorry</title><body><p>Our systems have detected unusual traffic from your network.</p>'
                 '<div class="g-recaptcha"></div>',
    "anubis": '<title>Making sure you&#39;re not a bot!</title><body><h1>Making sure you&#39;re not a bot!</h1>'
              '<script id="anubis_challenge" type="application/json">{}</script>',
    "aws": '<title>Human Verification</title><body><script>window.awsWafCookieDomainList=[];window.gokuProps={}</script>',
    "incapsula": '<title></title><body><iframe src="/_Incapsula_Resource?x">Request unsuccessful.</iframe>',
    "ddos-guard": '<title>DDoS-Guard</title><body><p>Checking your browser before accessing birds.example</p>'
                  '<script src="/ddos-guard/js"></script>',
    "geetest": '<title>Verify</title><body><p>Please complete the security verification.</p>'
               '<script src="https://static.geetest.com/x.js"></script>',
    "german": '<title>Nur einen Moment</title><body><p>Sind Sie ein Mensch?</p><div class="h-captcha"></div>',
}


@pytest.mark.parametrize("kind", CHALLENGES)
def test_tests_for_robots(kind: str) -> None:
    assert wall(CHALLENGES[kind]) == "challenge"


@pytest.mark.parametrize("html", [
    f'<title>Herons</title><body><p>{LONG}</p><script src="/cdn-cgi/challenge-platform/scripts/jsd/main.js"></script>',
    '<title>Birds</title><body><p>A short note on herons.</p><script src="https://www.google.com/recaptcha/api.js"></script>',
    "<title>Access denied: how to fix it</title><body><p>Set the mode of the file, then try again.</p>",
    "<title>How captchas work</title><body><p>Are you human? That is what a captcha asks.</p>",
])
def test_pages_with_a_filters_script_are_none(html: str) -> None:
    assert wall(html) == ""


@pytest.mark.parametrize("heading", [
    "404 Not Found", "Page not found", "404", "Error 404 – Page not found", "Sorry, we can't find that page", "This page doesn’t exist",
    "Seite nicht gefunden", "Page introuvable", "Página no encontrada", "Страница не найдена", "页面不存在",
    "The page you requested could not be found", "Oops! That page can’t be found.", "This product is no longer available",
])
def test_pages_that_are_not_there_and_say_it_in_words(heading: str) -> None:
    assert wall(f"<title>Birds</title><body><h1>{heading}</h1><p>Try the search, or go home.</p>") == "missing"
    assert wall(f"<title>{heading} | Birds</title><body><p>Try the search, or go home.</p>") == "missing"


@pytest.mark.parametrize("html", [
    f"<title>HTTP 404 Not Found – an explanation</title><body><h1>404 Not Found</h1><p>{LONG}</p>",
    "<title>Lost and found</title><body><h1>Lost and found</h1><p>A ring was found.</p>",
    "<title>Room 404</title><body><h1>Room 404</h1><p>It has a view.</p>",
    "<title>FileNotFoundError</title><body><h1>FileNotFoundError</h1><p>Raised.</p>",
    "<title>Herons not found in Iceland any more</title><body><p>They left.</p>",
])
def test_pages_that_speak_of_it_are_none(html: str) -> None:
    assert wall(html) == ""


LOGIN = "<form><label>Name<input></label><label>Password<input type=password></label><button>Log in</button></form>"


@pytest.mark.parametrize(("html", "url"), [
    (f"<title>Log in – Birds</title><body>{LOGIN}", ""), (f"<title>Birds</title><body><h1>Sign in to continue</h1>{LOGIN}", ""),
    (f"<title>Birds</title><body>{LOGIN}", "https://birds.example/login?next=/heron"), (f"<title>Anmelden</title><body>{LOGIN}", ""),
    ("<title>Sign in</title><body><h1>Sign in</h1><button>Continue with single sign-on</button>", "https://birds.example/auth/login"),
])
def test_logins(html: str, url: str) -> None:
    assert wall(html, url=url) == "login"


@pytest.mark.parametrize("html", [
    f"<title>Herons</title><body><p>{LONG}</p>{LOGIN}",
    "<title>Login shells</title><body><h1>Login shells</h1><p>A login shell reads profile.</p>",
    f"<title>Herons</title><body><h1>Herons</h1><p>{LONG[:700]}</p>{LOGIN}",
])
def test_pages_with_a_login_in_their_frame_are_none(html: str) -> None:
    assert wall(html) == ""


LINKED = '<script type="application/ld+json">{}</script>'


@pytest.mark.parametrize("html", [
    LINKED.format('{"@type":"NewsArticle","isAccessibleForFree":false}') + f"<body><p>{LONG[:900]}</p>",
    LINKED.format('{"@graph":[{"@type":"Article","isAccessibleForFree":"False"}]}') + "<body><p>Herons wait.</p>",
    '<meta itemprop="isAccessibleForFree" content="false"><body><p>Herons wait.</p>',
    "<body><article><p>Herons wait.</p><p>Subscribe to continue reading.</p></article>",
    "<body><p>Herons wait.</p><p>Already a subscriber? Log in.</p>", "<body><p>Reiher warten.</p><p>Nur für Abonnenten.</p>",
    "<body><p>Les hérons attendent.</p><p>Article réservé aux abonnés</p>",
])
def test_paywalls(html: str) -> None:
    assert wall(f"<title>Herons</title>{html}") == "paywall"


@pytest.mark.parametrize("html", [
    LINKED.format('{"@type":"NewsArticle","isAccessibleForFree":true}') + f"<body><p>{LONG[:900]}</p>",
    LINKED.format('{"@type":"NewsArticle","isAccessibleForFree":false}') + f"<body><p>{LONG}</p>",  # it is all there
    LINKED.format('{"@type":"WebPage","hasPart":[{"isAccessibleForFree":false}]}') + f"<body><p>{LONG[:900]}</p>",
    f"<body><p>{LONG}</p><p>Subscribe to our newsletter to continue learning.</p>",
    "<body><p>Herons wait.</p><footer>Sign up for our newsletter</footer>",
])
def test_pages_that_are_free_are_none(html: str) -> None:
    assert wall(f"<title>Herons</title>{html}") == ""


def test_words_are_counted_where_there_are_no_blanks() -> None:
    assert word_count("The grey heron") == 3
    assert word_count("アオサギは水辺で待つ") >= 5


def test_headings_are_plain() -> None:
    assert list(headings("<title>A &amp; B</title><h1 class=x>It’s <b>here</b></h1>")) == ["A & B", "It's here"]


BUTTONS = "<form><button>Reject all</button><button>Accept all</button></form>"
NOTICES = {
    "consent": [
        "<title>Before you continue to Birds</title><body><h1>Before you continue</h1><p>We use cookies and data to deliver our services "
        f"and measure how they are used. If you choose to accept all, we will also use cookies to show ads.</p>{BUTTONS}",
        f"<title>Birds</title><body><h1>We value your privacy</h1><p>We and our 812 partners store cookies. You may accept or reject them."
        f"</p>{BUTTONS}",
        "<title>Bevor Sie fortfahren</title><body><p>Wir verwenden Cookies. Sie können alle akzeptieren oder ablehnen.</p>"
        "<button>Ja</button>",
    ],
    "requests": [
        "<title>Too Many Requests</title><body><h1>Too many requests</h1><p>Please try again later.</p>",
        "<title>429 Too Many Requests</title><body><center><h1>429 Too Many Requests</h1></center><hr><center>nginx</center>",
        "<title>Birds</title><body><h1>Rate limit exceeded</h1><p>You have sent too many requests. Slow down.</p>",
        "<title>Zu viele Anfragen</title><body><p>Bitte versuchen Sie es später noch einmal.</p>",
    ],
    "region": [
        "<title>Birds TV</title><body><h1>Sorry!</h1><p>This content is not available in your country.</p>",
        "<title>Unavailable</title><body><p>This website is currently unavailable in your region due to legal reasons.</p>",
        "<title>Access restricted</title><body><p>We are sorry: our site isn’t available in the European Economic Area.</p>",
        "<title>451: Unavailable due to legal reasons</title><body><p>We recognize you are attempting to access this website from a "
        "country belonging to the European Economic Area including the EU which enforces the GDPR and therefore access cannot be "
        "granted.</p>",
    ],
    "maintenance": [
        "<title>Down for maintenance</title><body><h1>We’ll be back soon!</h1><p>We are performing some maintenance at the moment.</p>",
        "<title>Birds</title><body><h1>Site under maintenance</h1><p>Please check back later.</p>",
        "<title>Wartungsarbeiten</title><body><p>Wir sind in Kürze wieder für Sie da.</p>",
        "<title>Birds</title><body><h1>Scheduled Maintenance</h1><p>The service is temporarily closed. Try again in an hour.</p>",
    ],
    "age": [
        "<title>Age check</title><body><h1>Are you over 18?</h1><p>You must be of legal drinking age to enter.</p><button>Yes</button>",
        "<title>Brewery</title><body><h1>Please enter your date of birth</h1><p>You must be 21 years old.</p><select><option>1</select>",
        "<title>Altersprüfung</title><body><p>Sind Sie über 18?</p><form><button>Ja</button></form>",
    ],
}


@pytest.mark.parametrize(("kind", "html"), [(kind, html) for kind, pages in NOTICES.items() for html in pages])
def test_short_notices_in_place_of_a_page(kind: str, html: str) -> None:
    assert wall(html) == kind
    assert wall(f"{html}<p>{LONG}</p>") == ""


@pytest.mark.parametrize("html", [
    "<title>429 Too Many Requests</title><body><h1>429 Too Many Requests</h1><p>The HTTP 429 status code means that a client has sent "
    "more requests within a given time than the server allows. The reply may carry a Retry-After header, which says after how many "
    "seconds the client may ask once more. Servers count requests by address, by user, or for each resource, and so a limit may be reached "
    "by others on the same network.</p>",
    "<title>Before you continue: a checklist</title><body><h1>Before you continue</h1><p>Check the oil, the lamps and the brakes of the "
    "car.</p><button>Print</button>",
    "<title>Cookie recipe</title><body><h1>Before you continue with the cookies</h1><p>Let the dough rest for an hour in the fridge.</p>",
    "<title>Why is this video not available in your country?</title><body><p>This content is not available in your country where its "
    "owner has sold the rights for it to somebody else.</p>",
    "<title>Heron binoculars</title><body><h1>Heron binoculars 8x42</h1><p>Delivery is not available in your region. Weight 700 g.</p>",
    "<title>Lawn and site maintenance</title><body><h1>Garden maintenance services</h1><p>We are working for you in town. Ask for a "
    "price.</p>",
    "<title>Scheduled maintenance of the heron locks</title><body><h1>Maintenance of the locks</h1><p>The locks are drained each May.</p>",
    "<title>Age verification laws</title><body><h1>Age verification</h1><p>Shops must ask buyers who look younger than 25 for a card.</p>",
    "<title>How old do you have to be?</title><body><h1>You must be 18</h1><p>In most of the world, 18 years old is the age to vote.</p>"
    "<button>Share</button>",
    "<title>Temporarily closed: the heron hide</title><body><p>The path was washed away. The hide opens in May.</p>",
    "<title>We value your privacy</title><body><h1>Privacy notice</h1><p>We keep your name and your letters, and we sell them to "
    "nobody.</p><button>Menu</button>",
    "<title>Slow down</title><body><h1>Slow down</h1><p>A poem on waiting, in which a heron stands and nobody comes.</p>",
])
def test_short_pages_that_speak_of_such_things_are_none(html: str) -> None:
    assert wall(html) == ""
