"""The kinds of file and their columns: headings, help, what is mandatory.

From here come the blank template, the notes on each column and the matching of headings.
"""

import csv
import io
from dataclasses import dataclass, field, replace

from schoolgate.intake.hidden_cells import means_password
from schoolgate.kit.names import heading_key


@dataclass(frozen=True)
class Column:
    """A column that a file of some kind may have.

    ``template``: how many times the blank template has it. ``max_length``: of its cells. ``only``:
    the role (a code) of whose files alone it is. ``secret``: no cell of it is ever told (S22).
    """

    field: str
    heading: str
    help: str
    required: bool = False
    repeated: bool = False
    template: int = 1
    max_length: int = 150
    only: str = ""
    secret: bool = False


@dataclass(frozen=True)
class Kind:
    """A kind of file. ``extracts``: made by another system, so columns not listed are expected.

    ``one_of``: fields of which at least one column must be there, to identify ``whom``.
    ``beside``: columns that are told by whoever hands the file in, and matched to nothing.
    """

    code: str
    name: str
    columns: tuple[Column, ...]
    purpose: str
    extracts: bool = False
    one_of: tuple[str, ...] = ()
    whom: str = "the pupil"
    beside: tuple[Column, ...] = ()
    keys: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        keys = frozenset(heading_key(column.heading) for column in self.columns)
        object.__setattr__(self, "keys", keys)

    def for_role(self, role: str) -> "Kind":
        """The same for a file of users of one role (a code)."""
        columns = tuple(column for column in self.columns if column.only in ("", role))
        return replace(self, columns=columns)

    @property
    def takes_passwords(self) -> bool:
        """Whether such a file may have first passwords in it; it is then stored sealed (S22)."""
        return any(means_password(column.heading) for column in self.columns)

    def template(self, role: str = "") -> str:
        """The blank CSV of this kind (for users of this role): its headings."""
        out = io.StringIO(newline="")
        csv.writer(out).writerow(
            [
                column.heading
                for column in (*self.for_role(role).columns, *self.beside)
                for _ in range(column.template)
            ]
        )
        return out.getvalue()

    def column(self, field: str) -> Column:
        """The column that holds ``field``."""
        return next(column for column in self.columns if column.field == field)


UPN_HEADING = "Pupil Reference Number (UPN)"
URN_HEADING = "School Reference Number (URN)"

USERS = Kind(
    code="users",
    name="Users",
    purpose="People of one role: designated teachers, social workers, school admins, leaders.",
    columns=(
        Column("first_name", "User First Name", "As they are known at work.", required=True),
        Column("last_name", "User Last Name", "As they are known at work.", required=True),
        Column("job_title", "Job Title", "For example Pastoral Head."),
        Column(
            "email",
            "Email",
            "With this they sign in. Each person has their own; it must be unique in your"
            " organisation.",
            required=True,
            max_length=254,
        ),
        Column("phone", "Phone", "At work.", max_length=50),
        Column(
            "urn",
            URN_HEADING,
            "The number of their school on the national register. A designated teacher, school"
            " admin, leader or finance manager must have one: it decides which pupils they see."
            " For a designated teacher enter 0 if it is not known yet; they then see nobody. For"
            " other roles it is their workplace and opens nothing.",
            max_length=20,
        ),
        Column(
            "subject",
            "Subject",
            "In a file of leaders: what they lead at that school, a subject area in each column or"
            " several with a semicolon between them. “All subjects” means each there is, and a"
            " category (Humanities, say) each that is in it.",
            required=True,
            repeated=True,
            template=2,
            only="leader",
        ),
        Column(
            "upn",
            UPN_HEADING,
            "Pupils to link (social worker) or to put first (LA user), one in each column; add as"
            " many columns of this heading as you need. A designated teacher needs none: their"
            " pupils follow from the register, and so do those of roles in a school.",
            repeated=True,
            template=4,
            max_length=100,
        ),
    ),
)
PUPILS = Kind(
    code="pupils",
    name="Pupils",
    purpose="The register: who is on roll where, and who is in care since when.",
    one_of=("upn", "internal_id", "sync_key", "username"),
    columns=(
        Column("first_name", "First Name", "", required=True),
        Column("last_name", "Last Name", "", required=True),
        Column("date_of_birth", "Date of Birth", "As 2011-05-30 or 30/05/2011."),
        Column("upn", "UPN", "At least one identifier is needed.", max_length=100),
        Column("internal_id", "Internal Person ID", "From your own system.", max_length=100),
        Column("sync_key", "Synchronisation Key", "From your own system.", max_length=100),
        Column("username", "Username", "From your own system.", max_length=100),
        Column(
            "urn",
            URN_HEADING,
            "The school where the pupil is on roll from today. 888888: no school known; 999999:"
            " educated at home.",
            max_length=20,
        ),
        Column("year", "Year", "For example 8.", max_length=20),
        Column(
            "class_name",
            "Class",
            "For example 8A. It makes the class list of that class at the pupil's school, and so"
            " decides which leaders and teachers see them.",
            max_length=50,
        ),
        Column("in_care_since", "In Care Since", "The first day in care."),
        Column("in_care_until", "In Care Until", "The last day in care."),
        Column("left_on", "Left On", "The last day on roll at that school."),
    ),
)
ESTABLISHMENTS = Kind(
    code="establishments",
    name="Establishments",
    purpose="An extract of the national register of schools (GIAS).",
    extracts=True,
    columns=(
        Column("urn", "URN", "Five or six digits.", required=True, max_length=10),
        Column("name", "EstablishmentName", "", required=True, max_length=200),
        Column("la_code", "LA (code)", "", max_length=10),
        Column("la_name", "LA (name)", "", max_length=100),
        Column("number", "EstablishmentNumber", "", max_length=10),
        Column("type_name", "TypeOfEstablishment (name)", "", max_length=100),
        Column("type_group", "EstablishmentTypeGroup (name)", "", max_length=100),
        Column(
            "status", "EstablishmentStatus (name)", "A blank one counts as open.", max_length=50
        ),
        Column("phase", "PhaseOfEducation (name)", "", max_length=50),
        Column("town", "Town", "", max_length=100),
        Column("postcode", "Postcode", "", max_length=20),
        Column("ukprn", "UKPRN", "", max_length=20),
        Column("trust_code", "Trusts (code)", "", max_length=20),
        Column("trust_name", "Trusts (name)", "", max_length=200),
        Column("opened_on", "OpenDate", "As 01-09-2012."),
        Column("closed_on", "CloseDate", "As 31-08-2026."),
    ),
)
LINKS = Kind(
    code="links",
    name="Establishment links",
    purpose="A GIAS extract of which establishment followed which.",
    extracts=True,
    columns=(
        Column("urn", "URN", "Five or six digits.", required=True, max_length=10),
        Column("link_urn", "LinkURN", "Five or six digits.", required=True, max_length=10),
        Column("link_name", "LinkName", "", max_length=200),
        Column("link_type", "LinkType", "For example Successor.", required=True, max_length=100),
        Column("established_on", "LinkEstablishedDate", "As 01-09-2012; may be blank."),
    ),
)
LEAVERS = Kind(
    code="leavers",
    name="Leavers",
    purpose="People to make inactive: from then on they see nobody and cannot sign in.",
    one_of=("email", "username"),
    whom="the person",
    columns=(
        Column("email", "Email", "The address with which they sign in.", max_length=254),
        Column("username", "User Name", "For those who sign in without an address."),
        Column(
            "first_name",
            "User First Name",
            "Compared only: a name that clearly differs from the one on record is a question.",
        ),
        Column("last_name", "User Last Name", "Compared only, like the first name."),
    ),
)
PARENTS = Kind(
    code="parents",
    name="Parents and children who sign in",
    purpose="Parents, carers and others, each linked to a child; or the children themselves.",
    one_of=("username", "email"),
    whom="the person",
    columns=(
        Column("first_name", "First name", "", required=True),
        Column("last_name", "Last name", "", required=True),
        Column(
            "username",
            "User name",
            "For those who sign in without an address. In each row a user name or an e-mail.",
        ),
        Column(
            "email",
            "E-mail",
            "With this they sign in. Each person has their own: for somebody who shares an"
            " address give a user name, and a letter goes to them.",
            max_length=254,
        ),
        Column(
            "sync",
            "SyncID",
            "What the person is called in your own system; never that of their child. Rows with"
            " the same one are the same person.",
            max_length=100,
        ),
        Column(
            "password",
            "Password",
            "A first password, which has to be changed at the first sign-in.",
            secret=True,
        ),
        Column("phone", "Phone", "", max_length=50),
        Column("title", "Title", "Read, and not kept."),
        Column(
            "relationship",
            "Relationship",
            "What they are to the child, for example Mother. It decides nothing.",
            max_length=100,
        ),
    ),
    beside=(
        Column(
            "child",
            "ChildID",
            "The child, by the identifier that you choose; the column may be called anything. One"
            " child a row: give a parent of two children two rows.",
            required=True,
            max_length=100,
        ),
    ),
)
KINDS = {kind.code: kind for kind in (ESTABLISHMENTS, LINKS, PUPILS, USERS, PARENTS, LEAVERS)}


def kind_of(code: str, role: str = "") -> Kind:
    """The kind of a file with this code; of one of users, with the columns for their role."""
    return KINDS[code].for_role(role)


# The column that a file of refused rows has in front; it may stay when the file is mended.
REASON_HEADING = "What to mend"
