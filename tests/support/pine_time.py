"""A community's former system: the seed's tables in a database of their own, and what they are as CSV."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import bcrypt
import psycopg
from psycopg import sql

TABLES = """
CREATE TABLE users (id serial PRIMARY KEY, email varchar(255) UNIQUE NOT NULL, username varchar(255) UNIQUE NOT NULL,
    full_name varchar(255) NOT NULL, hashed_password varchar(255) NOT NULL, is_active boolean DEFAULT true,
    is_superuser boolean DEFAULT false, user_type varchar(50) DEFAULT 'regular', created_at timestamptz DEFAULT now(),
    last_login timestamptz);
CREATE TABLE events (id serial PRIMARY KEY, title varchar(255) NOT NULL, description text,
    event_type varchar(50) NOT NULL, location varchar(255) NOT NULL, start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL, max_participants integer, points_reward integer DEFAULT 0,
    created_by integer REFERENCES users, created_at timestamptz DEFAULT now(), is_active boolean DEFAULT true);
CREATE TABLE registrations (id serial PRIMARY KEY, user_id integer NOT NULL REFERENCES users,
    event_id integer NOT NULL REFERENCES events, registration_date timestamptz DEFAULT now(),
    status varchar(50) DEFAULT 'registered', payment_status varchar(50) DEFAULT 'pending', UNIQUE (user_id, event_id));
CREATE TABLE payment (id serial PRIMARY KEY, registration_id integer NOT NULL REFERENCES registrations,
    user_id integer NOT NULL REFERENCES users, event_id integer NOT NULL REFERENCES events,
    amount_paid numeric NOT NULL, payment_channel varchar(50) NOT NULL, payment_date timestamp DEFAULT now());
CREATE TABLE event_attendees (id serial PRIMARY KEY, user_id integer NOT NULL REFERENCES users,
    event_id integer NOT NULL REFERENCES events, status varchar(50) DEFAULT 'attended', check_in_time timestamptz,
    check_out_time timestamptz, UNIQUE (user_id, event_id));
CREATE TABLE badges (id serial PRIMARY KEY, name varchar(255) NOT NULL, description text,
    badge_type varchar(50) NOT NULL, category varchar(50) NOT NULL, icon_url varchar(255),
    created_at timestamptz DEFAULT now());
CREATE TABLE user_badges (id serial PRIMARY KEY, user_id integer NOT NULL REFERENCES users,
    badge_id integer NOT NULL REFERENCES badges, level integer DEFAULT 1 NOT NULL,
    earned_date timestamptz DEFAULT now() NOT NULL, UNIQUE (user_id, badge_id));
CREATE TABLE points_transactions (id serial PRIMARY KEY, user_id integer NOT NULL REFERENCES users,
    points integer NOT NULL, transaction_type varchar(50) NOT NULL, description text,
    event_id integer REFERENCES events, transaction_date timestamptz DEFAULT now());
"""
NAMES = (
    *("users", "events", "registrations", "payment", "event_attendees"),
    *("badges", "user_badges", "points_transactions"),
)
PASSWORD = "what it was before"


class PineTime:
    """The former system.

    Args:
        dsn: of an empty database for it.
        now: the moment at which it is left.
    """

    def __init__(self, dsn: str, now: datetime) -> None:
        self.dsn = dsn
        self._now = now
        self.run(TABLES)

    def run(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        """Run SQL there."""
        with psycopg.connect(self.dsn) as connection:
            done = connection.execute(statement.encode(), values or None)
            return done.fetchall() if done.description else []

    def fill(self) -> None:
        """Four members, three weekly evenings, one that was called off and one to come."""
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
        for name, active, boss in (
            ("ada", True, True),
            ("ben", True, False),
            ("cleo", True, False),
            ("dan", False, False),
        ):
            self.run(
                "INSERT INTO users (email, username, full_name, hashed_password, is_active, is_superuser, user_type,"
                " created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    f"{name.capitalize()}@pine.example",
                    name,
                    f"{name.capitalize()} Pine",
                    hashed if name != "cleo" else "pbkdf2_sha256$1$x$y",
                    active,
                    boss,
                    "admin" if boss else "regular",
                    self._now - timedelta(days=300),
                ),
            )
        evenings = (
            ("Quiz", "trivia_night", 21),
            ("Games", "Game Night", 14),
            ("Walk", "outdoors", 7),
            ("Rain", "talk", 5),
        )
        for title, kind, ago in (*evenings, ("Next", "social", -7)):
            start = self._now - timedelta(days=ago)
            self.run(
                "INSERT INTO events (title, description, event_type, location, start_time, end_time, max_participants,"
                " points_reward, created_by, created_at, is_active)"
                " VALUES (%s, %s, %s, 'Hall, \"Pine\"', %s, %s, %s, %s, 1, %s, %s)",
                (
                    *(title, f"{title}\nand more", kind, start, start + timedelta(hours=2), 3, 10),
                    *(self._now - timedelta(days=250), title != "Rain"),
                ),
            )
        for user, event, status in (
            *((1, 1, "attended"), (1, 2, "registered"), (1, 3, "attended"), (1, 5, "registered")),
            *((2, 1, "registered"), (2, 2, "cancelled"), (2, 4, "registered"), (2, 5, "waitlisted")),
            *((3, 1, "attended"), (4, 1, "cancelled")),
        ):
            self.run(
                "INSERT INTO registrations (user_id, event_id, status, registration_date)"
                " SELECT %s, id, %s, start_time - interval '2 days' FROM events WHERE id = %s",
                (user, status, event),
            )
        for user, event in ((1, 1), (1, 2), (3, 1), (3, 3)):  # who came on the third evening had not registered
            self.run(
                "INSERT INTO event_attendees (user_id, event_id, check_in_time, check_out_time) SELECT %s, id,"
                " start_time + interval '5 minutes', start_time + interval '1 hour' FROM events WHERE id = %s",
                (user, event),
            )
        for registration, user, event, amount in ((1, 1, 1, "5.00"), (5, 2, 1, "5"), (9, 3, 1, "4.50"), (2, 1, 2, "0")):
            self.run(
                "INSERT INTO payment (registration_id, user_id, event_id, amount_paid, payment_channel, payment_date)"
                " SELECT %s, %s, id, %s, 'Credit Card', start_time AT TIME ZONE 'UTC' - interval '1 day' FROM events"
                " WHERE id = %s",
                (registration, user, amount, event),
            )
        for badge in ("Event Explorer", "Trivia Master"):
            self.run("INSERT INTO badges (name, badge_type, category) VALUES (%s, 'a', 'b')", (badge,))
        self.run(
            "INSERT INTO user_badges (user_id, badge_id, level, earned_date) VALUES (1, 1, 4, %s), (3, 2, 2, %s)",
            (self._now - timedelta(days=60),) * 2,
        )
        for user, points, kind, ago in (
            (1, 10, "attendance", 21),
            (1, 30, "badge", 60),
            (1, -15, "mug", 2),
            (3, 10, "attendance", 21),
        ):
            self.run(
                "INSERT INTO points_transactions (user_id, points, transaction_type, description, transaction_date)"
                " VALUES (%s, %s, %s, %s, %s)",
                (user, points, kind, f"For {kind}", self._now - timedelta(days=ago)),
            )

    def written(self) -> dict[str, bytes]:
        """Its tables as PostgreSQL writes them to CSV files."""
        found = {}
        with psycopg.connect(self.dsn) as connection:
            for name in NAMES:
                command = sql.SQL("COPY {} TO STDOUT (FORMAT csv, HEADER)").format(sql.Identifier(name))
                with connection.cursor().copy(command) as copied:
                    found[name] = b"".join(map(bytes, copied))
        return found


def changed(files: Mapping[str, bytes], table: str, was: str, now: str) -> dict[str, bytes]:
    """The files with another text in one of them."""
    content = files[table].decode()
    assert was in content
    return {**files, table: content.replace(was, now, 1).encode()}
