"""Adults whom somebody has kept from a child: denied, deleted, or restricted.

Whoever comes under another address, with the name of one of them and for the same child, waits for
a person's word (PRODUCT.md, "What a file does"; NEW5).
"""

from django.utils import timezone

from schoolgate.access import relations
from schoolgate.kit.records import Ending


def adults() -> str:
    """An SQL query (user_id, pupil_id, first_key, last_key): each adult who is denied or was
    deleted by a person, with each child to whom they hold or ever held a licence; and each who is
    restricted, now or on a day to come, with that child."""
    today = relations.sql_day(timezone.localdate())
    names = "u.id AS user_id, {0}.pupil_id, u.first_key, u.last_key"
    shut = (
        f"u.gone_how = '{Ending.REMOVED.value}'"
        f" OR (u.gone_at IS NULL AND u.id IN ({relations.inactive()}))"
    )
    return (
        f"SELECT {names.format('g')} FROM people_user u JOIN access_grant g ON g.user_id = u.id"
        f" WHERE g.pupil_id IS NOT NULL AND {relations.is_licence('g.role')} AND ({shut})"
        f" UNION SELECT {names.format('r')} FROM people_user u"
        " JOIN access_restriction r ON r.user_id = u.id"
        f" WHERE r.ended_at IS NULL AND (r.ends_on IS NULL OR r.ends_on >= {today})"
    )
