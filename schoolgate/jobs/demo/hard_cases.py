"""The children and adults about whom it is easy to be wrong. The package's docstring lists them."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from schoolgate.access.roles import (
    DESIGNATED_TEACHER,
    LA_SUPER_USER,
    LA_USER,
    SOCIAL_WORKER,
)
from schoolgate.jobs.demo import places as at
from schoolgate.jobs.demo.parts import AT_HOME, NOT_KNOWN, Adult, Child, Span, school_year, upn
from schoolgate.schools.models import IdentifierKind

DT, SW = DESIGNATED_TEACHER.code, SOCIAL_WORKER.code
CARE = "social-care.northshire.example"


@dataclass
class HardCases:
    """Fixed people, told for the day on which the demonstration is made."""

    today: date
    children: list[Child] = field(default_factory=list)
    adults: list[Adult] = field(default_factory=list)

    def ago(self, days: int) -> date:
        return self.today - timedelta(days=days)

    def since(self, days: int) -> Span:
        return self.ago(days), None

    def child(
        self,
        first: str,
        last: str,
        year: int,
        *,
        serial: int = 0,
        on_roll: list[tuple[str, Span]],
        in_care: list[Span] | None = None,
        born: date | None = None,
        others: list[tuple[IdentifierKind, str]] | None = None,
    ) -> Child:
        """A child; a ``serial`` from 900 gives them a UPN that nobody made at random has."""
        joined = school_year(self.today) - year
        made = Child(
            first,
            last,
            born or date(joined - 5, 11, 1) + timedelta(days=serial % 100),
            year,
            upn(2001, 20, serial) if serial else "",
            others or [],
            on_roll,
            in_care or [],
            f"{year}A" if year > 0 else "",
        )
        self.children.append(made)
        return made

    def adult(
        self, first: str, last: str, email: str, job: str, *, workplace: str = "", phone: str = ""
    ) -> Adult:
        made = Adult(first, last, email, job, workplace, phone)
        self.adults.append(made)
        return made


def hard_cases(today: date) -> HardCases:
    """All of them."""
    told = HardCases(today)
    _sign_ins(told)
    _moves(told)
    _care(told)
    _identifiers(told)
    _siblings(told)
    _staff(told)
    return told


def _sign_ins(told: HardCases) -> None:
    helen = told.adult("Helen", "Ashworth", "helen.ashworth@northshire.example",
                       "Virtual school head", phone="01632 960001")  # fmt: skip
    helen.grants = [(LA_SUPER_USER.code, None, told.since(900))]
    second = told.adult("Gareth", "Pryce", "gareth.pryce@northshire.example", "Data manager")
    second.grants = [(LA_SUPER_USER.code, None, told.since(400))]
    tom = told.adult("Tom", "Adeyemi", "tom.adeyemi@northshire.example", "Education adviser")
    tom.grants = [(LA_USER.code, None, told.since(500))]
    priya = told.adult("Priya", "Nair", f"priya.nair@{CARE}", "Social worker")
    megan = told.adult("Megan", "Rhys", "megan.rhys@maddenfordhigh.example", "Designated Teacher",
                       workplace=at.MADDENFORD)  # fmt: skip
    megan.grants = [(DT, at.MADDENFORD, told.since(800))]
    # Enough of Priya's children to make a list, none of them hard.
    names = [("Ava", "Clewlow"), ("Idris", "Bancroft"), ("Zoë", "O'Dwyer"), ("Kofi", "Lumb")]
    for number, (first, last) in enumerate(names):
        child = told.child(first, last, 7 + number, serial=980 + number,
                           on_roll=[(at.MADDENFORD, told.since(300))],
                           in_care=[told.since(250)])  # fmt: skip
        priya.grants.append((SW, child, told.since(240)))
        tom.grants.append((LA_USER.code, child, told.since(200)))


def _moves(told: HardCases) -> None:
    priya = _named(told, "Nair")
    ago, since = told.ago, told.since
    callum = told.child("Callum", "Winterbourne", 4, serial=901, in_care=[since(500)], on_roll=[
        (at.QUILLMERE, (ago(900), ago(15))), (at.THORNWICK, since(14))])  # fmt: skip
    aisha = told.child("Aisha", "Farrow", 5, serial=902, in_care=[since(300)], on_roll=[
        (at.THORNWICK, (ago(600), ago(-9))), (at.QUILLMERE, (ago(-10), None))])  # fmt: skip
    told.child("Jude", "Kenworthy", 8, serial=903, in_care=[since(450)], on_roll=[
        (at.OXLEIGH, (ago(400), ago(31))), (NOT_KNOWN, since(30))])  # fmt: skip
    told.child("Seren", "Ap Rhys", 3, serial=904, in_care=[since(450)], on_roll=[
        (at.QUILLMERE, (ago(400), ago(61))), (AT_HOME, since(60))])  # fmt: skip
    dexter = told.child("Dexter", "Lomax", 9, serial=905, in_care=[since(700)], on_roll=[
        (at.MADDENFORD, since(380)), (at.FENWATER, since(45))])  # fmt: skip
    told.child("Poppy", "Threlfall", 10, serial=906, in_care=[since(200)], on_roll=[
        (at.OXLEIGH, (ago(700), ago(0))), (at.GREYWATER_ACADEMY, (ago(-1), None))])  # fmt: skip
    for number, first in enumerate(("Nia", "Oscar", "Samira")):
        told.child(first, "Tattersall", 2 + number, serial=907 + number, in_care=[since(350)],
                   on_roll=[(at.TARNBECK, (ago(700), ago(22))),
                            (at.TARNBECK_ACADEMY, since(21))])  # fmt: skip
    for child in (callum, aisha, dexter):
        priya.grants.append((SW, child, since(280)))


def _care(told: HardCases) -> None:
    priya = _named(told, "Nair")
    ago, since = told.ago, told.since
    told.child("Ruby", "Copestake", 9, serial=911, in_care=[(ago(800), ago(30))],
               on_roll=[(at.MADDENFORD, since(430))])  # fmt: skip
    told.child("Elijah", "Stott", 7, serial=912, in_care=[(ago(400), ago(0))],
               on_roll=[(at.MADDENFORD, since(80))])  # fmt: skip
    told.child("Freya", "Lindley", 8, serial=913, in_care=[(ago(-7), None)],
               on_roll=[(at.MADDENFORD, since(450))])  # fmt: skip
    told.child("Tyler", "Garside", 11, serial=914, on_roll=[(at.MADDENFORD, since(1500))],
               in_care=[(ago(3000), ago(2200)), (ago(1200), ago(900)), since(100)])  # fmt: skip
    last_day = told.child("Isla", "Rawnsley", 6, serial=915, in_care=[since(220)],
                          on_roll=[(at.OLDBARROW, since(700))])  # fmt: skip
    priya.grants.append((SW, last_day, (ago(215), ago(0))))

    leaving = told.adult("Martin", "Oldroyd", f"martin.oldroyd@{CARE}", "Social worker")
    coming = told.adult("Shreya", "Banerjee", f"shreya.banerjee@{CARE}", "Social worker")
    handed_over = told.child("Kacper", "Nowak", 5, serial=916, in_care=[since(600)],
                             on_roll=[(at.HOLLINSEDGE, since(900))])  # fmt: skip
    leaving.grants = [(SW, handed_over, (ago(590), ago(-7)))]
    coming.grants = [(SW, handed_over, since(7))]


def _identifiers(told: HardCases) -> None:
    since = told.since
    baby = told.child("Luna", "Hebblethwaite", -1, in_care=[since(90)],
                      born=told.ago(1000), on_roll=[(at.CENTRE_QUILLMERE, since(80))],
                      others=[(IdentifierKind.INTERNAL_ID, "P009001")])  # fmt: skip
    nights = told.adult("Moira", "Tindall", "moira.tindall", "Night carer, without e-mail")
    nights.grants = [(SW, baby, since(90))]
    guess = told.child("Amir", "Rahimi", 11, in_care=[since(150)],
                       born=date(school_year(told.today) - 15, 1, 1),
                       on_roll=[(at.WINTLESHAM, since(120))],
                       others=[(IdentifierKind.SYNC_KEY, "nvs-9002")])  # fmt: skip
    _named(told, "Nair").grants += [(SW, baby, since(88)), (SW, guess, since(149))]
    # Two children in care whose numbers differ in one digit; the second has the first's letter.
    right = told.child("Leo", "Capstick", 6, serial=921, in_care=[since(400)],
                       on_roll=[(at.QUILLMERE, since(1000))])  # fmt: skip
    near = told.child("Maya", "Desai", 6, serial=931, in_care=[since(330)],
                      on_roll=[(at.ST_BREGWIN_THORNWICK, since(1000))])  # fmt: skip
    near.upn = right.upn[0] + near.upn[1:]
    told.child("Jack", "Thackray", 5, serial=922, in_care=[since(410)],
               on_roll=[(at.ST_BREGWIN_THORNWICK, since(800))])  # fmt: skip
    told.child("Jack", "Thackray", 5, serial=923, in_care=[since(310)],
               on_roll=[(at.ST_BREGWIN_MADDENFORD, since(800))])  # fmt: skip
    told.child("Zofia", "Zając", 9, serial=924, in_care=[since(365)],
               on_roll=[(at.ESTMERE, since(365))],
               others=[(IdentifierKind.FORMER_UPN, upn(2008, 15, 925))])  # fmt: skip


def _siblings(told: HardCases) -> None:
    since = told.since
    dana = told.adult("Dana", "Whitaker", f"dana.whitaker@{CARE}", "Social worker")
    eldest, middle, youngest = (
        told.child(first, "Marlowe", year, serial=serial, in_care=[since(500)],
                   on_roll=[(school, since(450))])
        for first, year, serial, school in (
            ("Ethan", 10, 941, at.MADDENFORD),
            ("Grace", 6, 942, at.QUILLMERE),
            ("Noah", 1, 943, at.QUILLMERE),
        )
    )  # fmt: skip
    for child in (eldest, middle, youngest):
        dana.grants.append((SW, child, since(480)))
    dana.kept_from = [(middle, "Court order of the family court: no part in Grace's case.",
                       since(60))]  # fmt: skip
    teacher = told.adult("Ian", "Marlowe", "ian.marlowe@quillmereprimary.example",
                         "Deputy head, Designated Teacher", workplace=at.QUILLMERE)  # fmt: skip
    teacher.grants = [(DT, at.QUILLMERE, since(700))]
    teacher.kept_from = [
        (child, "Related to the child.", since(490)) for child in (middle, youngest)
    ]


def _staff(told: HardCases) -> None:
    ago, since = told.ago, told.since
    both = told.adult("Sian", "Fothergill", "sian.fothergill@fellside.example",
                      "Designated Teacher of two schools", workplace=at.WINTLESHAM)  # fmt: skip
    both.grants = [(DT, at.WINTLESHAM, since(600)), (DT, at.LARKSTONE, since(200))]

    two_jobs = told.adult("Kwame", "Mensah", "kwame.mensah@thornwickprimary.example",
                          "Designated Teacher", workplace=at.THORNWICK)  # fmt: skip
    two_jobs.grants = [(DT, at.THORNWICK, since(500))]
    for child in told.children:
        if child.last == "Copestake" or child.last == "Garside":
            two_jobs.grants.append((SW, child, since(90)))

    left = told.adult("Lorna", "Haigh", "lorna.haigh@greywateracademy.example",
                      "Designated Teacher", workplace=at.GREYWATER_ACADEMY)  # fmt: skip
    left.grants = [(DT, at.GREYWATER_ACADEMY, (ago(900), None))]
    left.inactive = True
    next_one = told.adult("Bilal", "Qureshi", "bilal.qureshi@greywateracademy.example",
                          "Designated Teacher", workplace=at.GREYWATER_ACADEMY)  # fmt: skip
    next_one.grants = [(DT, at.GREYWATER_ACADEMY, since(20))]

    behind = told.adult("Judith", "Sowerby", "judith.sowerby@tarnbeckprimary.example",
                        "Designated Teacher", workplace=at.TARNBECK)  # fmt: skip
    behind.grants = [(DT, at.TARNBECK, since(900))]

    nowhere = told.adult("Nathan", "Quirke", "nathan.quirke@northshire.example",
                         "Designated Teacher, school to be arranged")  # fmt: skip
    nowhere.grants = [(DT, None, since(5))]
    idle = told.adult("Farah", "Siddiqui", f"farah.siddiqui@{CARE}", "Social worker, new")
    idle.grants = [(SW, None, since(2))]
    away = told.adult("Colin", "Murgatroyd", "colin.murgatroyd@northshire.example",
                      "Education adviser, on leave")  # fmt: skip
    away.grants = [(LA_USER.code, None, since(1000))]
    away.inactive = True
    never = told.adult("Beatrice", "Uttley", "beatrice.uttley@northshire.example",
                       "Education adviser")  # fmt: skip
    never.grants = [(LA_USER.code, None, since(12))]


def _named(told: HardCases, last: str) -> Adult:
    return next(adult for adult in told.adults if adult.last == last)
