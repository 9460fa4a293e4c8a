"""The outbox, to a real SMTP server and a real gateway on this machine."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from guerdon.core.clock import FixedClock
from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.kernel import messages
from guerdon.kernel.identity.models import User
from guerdon.kernel.messages import Message, NobodyDeliversError
from guerdon.kernel.notifications import jobs
from guerdon.kernel.notifications import outbox as outbox_module
from guerdon.kernel.notifications.outbox import RETRY, Outbox
from guerdon.kernel.notifications.sandbox import Gateway
from guerdon.kernel.notifications.transports import Letter, SmtpTransport
from guerdon.web.i18n import add_catalogue
from support.http_client import Client
from support.mailbox import Mailbox
from support.post import Post

# The server is on this machine, so it may ask for a password without encryption.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")


@pytest.fixture
def outbox(recorded: None, tmp_path: Path) -> Callable[..., None]:
    """Sets the process's outbox up."""

    add_catalogue("guerdon.kernel.identity")

    def install(**settings: Any) -> None:
        jobs.install(Settings(secret_key="s" * 40, data_dir=tmp_path, **settings))

    return install


def say(database: Database, **changes: Any) -> None:
    values: dict[str, Any] = {
        "kind": "test.hello",
        "channel": "email",
        "to": "awa@example.org",
        "locale": "fr-SN",
        "subject": "Sign in",
        "body": "Sign in\n\n{event} – {community}",
        "module": __name__,
        "params": {"event": "Ceci"},
    }
    with database.transaction() as session:
        messages.send(session, Message(**{**values, **changes}))


def rows(database: Database) -> list[tuple[Any, ...]]:
    with database.transaction() as session:
        found = session.execute(
            text("SELECT state, attempts, content IS NULL, last_error FROM notifications.outbox ORDER BY id")
        )
        return [tuple(row) for row in found]


def test_a_mail_arrives_in_its_readers_language(
    database: Database, outbox: Callable[..., None], mailbox: tuple[Mailbox, str], post: Post
) -> None:
    box, url = mailbox
    outbox(smtp_url=url, mail_from="no-reply@example.org", community_name="Les Amis")
    say(database)
    post.work()
    [(recipients, mail)] = box.mails
    assert recipients == ["awa@example.org"]
    assert mail["subject"] == "Se connecter"
    assert mail["from"] == "Les Amis <no-reply@example.org>"
    assert "Ceci – Les Amis" in mail.get_content()
    assert rows(database) == [("sent", 1, True, None)]


def test_a_mail_is_in_the_words_of_who_writes_it(
    database: Database, outbox: Callable[..., None], mailbox: tuple[Mailbox, str], post: Post
) -> None:
    box, url = mailbox
    outbox(smtp_url=url)
    for package in ("guerdon.programs.events", "guerdon.web"):
        add_catalogue(package)
    for module in ("guerdon.programs.events.service.notices", "guerdon.web.routes"):
        say(database, module=module, subject="Start", body="Start")
    post.work()
    assert {(mail["subject"], mail.get_content().split()[0]) for _, mail in box.mails} == {
        ("Début", "Début"),
        ("Accueil", "Accueil"),
    }


def test_address_and_text_are_not_readable_in_the_database(database: Database, outbox: Callable[..., None]) -> None:
    outbox()
    say(database)
    with database.transaction() as session:
        whole = session.execute(text("SELECT o::text FROM notifications.outbox o")).scalar_one()
        content = session.execute(text("SELECT content FROM notifications.outbox")).scalar_one()
    assert "awa@example.org" not in whole
    assert b"awa@" not in bytes(content)
    assert b"Ceci" not in bytes(content)


def test_an_sms_goes_through_the_gateway(
    database: Database, outbox: Callable[..., None], gateway: Gateway, post: Post
) -> None:
    outbox(sms_url=gateway.url, sms_token="gateway token")
    say(database, channel="sms", to="+221771234567", subject="")
    post.work()
    assert [sms["to"] for sms in gateway.received] == ["+221771234567"]
    assert rows(database) == [("sent", 1, True, None)]


def test_what_fails_in_passing_is_tried_again_later(
    database: Database, outbox: Callable[..., None], gateway: Gateway, post: Post, clock: FixedClock
) -> None:
    clock.move(datetime.now(UTC) - clock.now())  # by which the queue tells what is due
    outbox(sms_url=gateway.url, sms_token="gateway token")
    gateway.refuse_with = 503
    say(database, channel="sms", to="+221771234567", subject="")
    post.work()
    assert rows(database) == [("queued", 1, False, "SMS gateway answered 503")]
    with database.transaction() as session:
        waits = session.execute(
            text(
                "SELECT scheduled_at FROM worker.procrastinate_jobs WHERE status = 'todo'"
                " AND task_name = 'notifications.deliver'"
            )
        ).scalars()
        assert len(waits.all()) == 1
        session.execute(text("UPDATE worker.procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'"))
    gateway.refuse_with = None
    post.work()
    assert rows(database) == [("sent", 2, True, None)]
    assert len(gateway.received) == 1


@pytest.mark.parametrize("status", [400, 401, 422])
def test_what_is_refused_for_good_is_not_tried_again(
    database: Database, outbox: Callable[..., None], gateway: Gateway, post: Post, status: int
) -> None:
    outbox(sms_url=gateway.url, sms_token="gateway token")
    gateway.refuse_with = status
    say(database, channel="sms", to="+221771234567", subject="")
    post.work()
    assert rows(database) == [("failed", 1, True, f"SMS gateway answered {status}")]


def test_a_mailbox_that_does_not_exist_fails_and_a_full_one_waits(
    database: Database, outbox: Callable[..., None], mailbox: tuple[Mailbox, str], post: Post
) -> None:
    box, url = mailbox
    outbox(smtp_url=url)
    box.answer = "550 no such mailbox"
    say(database)
    post.work()
    box.answer = "452 mailbox full"
    say(database)
    post.work()
    assert [row[0] for row in rows(database)] == ["failed", "queued"]


def test_a_host_beyond_ascii_is_written_to_in_the_form_that_every_server_takes(
    database: Database, outbox: Callable[..., None], mailbox: tuple[Mailbox, str], post: Post
) -> None:
    box, url = mailbox
    outbox(smtp_url=url)
    say(database, to="awa@exämple.org")
    post.work()
    [(recipients, mail)] = box.mails
    assert recipients == ["awa@xn--exmple-cua.org"]
    assert mail["to"] == "awa@xn--exmple-cua.org"


def test_an_owner_beyond_ascii_is_written_to_where_the_server_takes_them(
    database: Database, outbox: Callable[..., None], mailbox: tuple[Mailbox, str], post: Post
) -> None:
    box, url = mailbox
    outbox(smtp_url=url)
    say(database, to="awä@example.org")
    post.work()
    assert [recipients for recipients, _ in box.mails] == [["awä@example.org"]]


def test_a_transport_that_crashes_is_tried_as_often_as_one_that_fails(
    database: Database, clock: FixedClock, recorded: None, post: Post
) -> None:
    class Crashing:
        def carry(self, letter: Letter, clock: FixedClock) -> None:
            del letter, clock
            raise UnicodeEncodeError("ascii", "é", 0, 1, "a password that SMTP cannot say")

    box = Outbox(Settings(secret_key="s" * 40), {"email": Crashing()})
    messages.deliver_with(box.put)
    outbox_module.use(box)
    say(database)
    for _ in range(RETRY.attempts_max + 2):
        post.work()
        with database.transaction() as session:
            session.execute(text("UPDATE worker.procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'"))
    assert rows(database) == [("failed", RETRY.attempts_max, True, "UnicodeEncodeError in the transport")]


def test_a_server_that_is_away_is_tried_again(
    database: Database, outbox: Callable[..., None], post: Post, clock: FixedClock
) -> None:
    clock.move(datetime.now(UTC) - clock.now())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    outbox(smtp_url=f"smtp://127.0.0.1:{port}")
    say(database)
    post.work()
    assert rows(database)[0][:2] == ("queued", 1)


def test_what_comes_too_late_is_not_sent(
    database: Database, clock: FixedClock, outbox: Callable[..., None], gateway: Gateway, post: Post
) -> None:
    outbox(sms_url=gateway.url, sms_token="gateway token")
    say(database, channel="sms", to="+221771234567", subject="", useful_until=clock.now() - timedelta(seconds=1))
    post.work()
    assert len(gateway.received) == 0
    assert rows(database)[0][0] == "failed"


def test_one_key_is_one_message(database: Database, outbox: Callable[..., None], gateway: Gateway, post: Post) -> None:
    outbox(sms_url=gateway.url, sms_token="gateway token")
    for _ in range(3):
        say(database, channel="sms", to="+221771234567", subject="", dedupe_key="once")
    post.work()
    assert len(gateway.received) == 1


def test_what_is_rolled_back_is_never_sent(
    database: Database, outbox: Callable[..., None], gateway: Gateway, post: Post
) -> None:
    outbox(sms_url=gateway.url, sms_token="gateway token")
    with pytest.raises(RuntimeError), database.transaction() as session:  # noqa: PT012 - the transaction is the point
        messages.send(session, Message("test.hello", "sms", "+221771234567", "en", "Hello", module=__name__))
        raise RuntimeError
    post.work()
    assert rows(database) == []
    assert len(gateway.received) == 0


def test_a_message_that_nobody_carries_is_refused(database: Database, recorded: None) -> None:
    messages._carriers.clear()
    with database.transaction() as session, pytest.raises(NobodyDeliversError):
        messages.send(session, Message("test.hello", "sms", "+221771234567", "en", "Hello", module=__name__))


def test_what_waited_for_a_transport_leaves_once_there_is_one(
    database: Database, clock: FixedClock, outbox: Callable[..., None], gateway: Gateway, post: Post
) -> None:
    outbox()
    say(database, channel="sms", to="+221771234567", subject="")
    outbox(sms_url=gateway.url, sms_token="gateway token")
    post.work()
    assert len(gateway.received) == 0
    with database.transaction() as session:
        jobs.SWEEP.run(session, clock)
    post.work()
    assert len(gateway.received) == 1


@pytest.mark.parametrize("url", ["http://example.org", "smtp://", "mail.example.org"])
def test_what_is_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP URL"):
        SmtpTransport(url, "a@example.org", "A")


class TestPage:
    def test_administrators_read_what_nothing_carries_but_not_of_those_above(
        self, person: Callable[..., User], browser: Callable[..., Client], post: Post
    ) -> None:
        for name, role in (("awa", "user"), ("badu", "staff"), ("adm", "admin"), ("root", "super_admin")):
            person(name, role)
        for name in ("awa", "root"):
            browser().submit("/password/forgotten", contact=f"{name}@example.org")
        post.work()
        assert browser("badu").get("/staff/outbox").status_code == 403
        page = browser("adm").get("/staff/outbox").text
        assert page.count("/password/reset?token=") == 1
        assert "awa@example.org" in page
        assert "root@example.org" not in page
        assert browser("root").get("/staff/outbox").text.count("/password/reset?token=") == 2
