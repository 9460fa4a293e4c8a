"""Whose PostgreSQL will do."""

import pytest

from guerdon.db.errors import ServerTooOldError
from guerdon.db.location import check_version


@pytest.mark.parametrize("version", [180000, 180006, 190001])
def test_versions_that_will_do(version: int) -> None:
    check_version(version)


@pytest.mark.parametrize(("version", "named"), [(170006, "17"), (150018, "15"), (90624, "9")])
def test_versions_that_are_too_old(version: int, named: str) -> None:
    with pytest.raises(ServerTooOldError, match=f"PostgreSQL {named}; Guerdon needs 18 or newer"):
        check_version(version)
