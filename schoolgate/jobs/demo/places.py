"""The demonstration's schools: their names, towns and numbers are invented.

URNs begin with 9900 (children's centres: 9900 and one digit), far above any that has been given
out; local authority 990 does not exist.
"""

from datetime import date, timedelta
from typing import NamedTuple

LA_CODE, LA_NAME = "990", "Northshire"

COMMUNITY = ("Community school", "Local authority maintained schools")
AIDED = ("Voluntary aided school", "Local authority maintained schools")
CONTROLLED = ("Voluntary controlled school", "Local authority maintained schools")
NURSERY = ("Local authority nursery school", "Local authority maintained schools")
UNIT = ("Pupil referral unit", "Local authority maintained schools")
SPECIAL = ("Community special school", "Special schools")
CONVERTER = ("Academy converter", "Academies")
SPONSORED = ("Academy sponsor led", "Academies")
FREE = ("Free schools", "Free Schools")
INDEPENDENT = ("Other independent special school", "Independent schools")
COLLEGE = ("Sixth form centres", "Colleges")
CENTRE = ("Children's centre", "Other types")

GREYWATER = ("90001", "Greywater Learning Trust")
FELLSIDE = ("90002", "Fellside Schools Partnership")
NO_TRUST = ("", "")


class Place(NamedTuple):
    """An establishment; ``ages`` are the school years it takes (0 is Reception, -1 Nursery)."""

    urn: str
    name: str
    kind: tuple[str, str]
    number: str
    town: str
    ages: range
    share: int = 0  # of the pupils that are put somewhere at random
    status: str = "Open"
    trust: tuple[str, str] = NO_TRUST
    opened_on: date | None = None
    closed_on: date | None = None
    follows: str = ""  # the URN of the school that it was before, whose pupils came along

    @property
    def domain(self) -> str:
        """Under .example no address can exist (RFC 2606)."""
        words = self.name.casefold().replace("'", "").split()
        town = self.town.casefold() if words[0] == "st" else ""
        return f"{''.join(words[:2])}{town}.example"


# What the hard cases name.
QUILLMERE, THORNWICK = "990001", "990002"
ST_BREGWIN_THORNWICK, ST_BREGWIN_MADDENFORD = "990003", "990004"
HOLLINSEDGE, OLDBARROW = "990007", "990008"
MADDENFORD, WINTLESHAM, OXLEIGH, GREYWATER_ACADEMY = "990009", "990010", "990011", "990012"
LARKSTONE, FENWATER = "990013", "990014"
TARNBECK_ACADEMY, ESTMERE = "990016", "990017"
SKELMOOR = "990020"
TARNBECK = "990024"
CENTRE_QUILLMERE = "99001"


def places(today: date) -> list[Place]:
    """Every establishment. One became an academy three weeks ago, whenever today is."""
    closed = today - timedelta(days=22)
    infants, juniors, primary = range(0, 3), range(3, 7), range(0, 7)
    secondary, with_sixth = range(7, 12), range(7, 14)
    nobody = range(0)
    return [
        Place("990001", "Quillmere Primary School", COMMUNITY, "2001", "Quillmere", primary, 7),
        Place("990002", "Thornwick Primary School", COMMUNITY, "2002", "Thornwick", primary, 7),
        Place("990003", "St Bregwin's Catholic Primary School", AIDED, "3301", "Thornwick",
              primary, 5),
        Place("990004", "St Bregwin's Catholic Primary School", AIDED, "3302", "Maddenford",
              primary, 5),
        Place("990005", "Brackendown Infant School", COMMUNITY, "2005", "Brackendown", infants, 4),
        Place("990006", "Brackendown Junior School", COMMUNITY, "2006", "Brackendown", juniors, 4),
        Place("990007", "Hollinsedge Church of England Primary School", CONTROLLED, "3003",
              "Hollinsedge", primary, 6, opened_on=date(2012, 9, 1)),
        Place("990008", "Oldbarrow Primary School", COMMUNITY, "2008", "Oldbarrow", primary, 2,
              status="Open, but proposed to close"),
        Place("990009", "Maddenford High School", COMMUNITY, "4001", "Maddenford", with_sixth, 13),
        Place("990010", "Wintlesham Academy", CONVERTER, "4002", "Wintlesham", with_sixth, 11,
              trust=FELLSIDE, opened_on=date(2016, 4, 1)),
        Place("990011", "Oxleigh Grange School", COMMUNITY, "4003", "Oxleigh", secondary, 9),
        Place("990012", "Greywater Academy", SPONSORED, "4004", "Greywater", secondary, 9,
              trust=GREYWATER, opened_on=date(2019, 9, 1)),
        Place("990013", "Larkstone School", SPECIAL, "7001", "Maddenford", range(0, 14), 3),
        Place("990014", "The Fenwater Centre", UNIT, "1101", "Maddenford", range(5, 12), 1),
        Place("990015", "Tarnbeck Nursery School", NURSERY, "1001", "Tarnbeck", range(-1, 0), 2),
        Place("990016", "Tarnbeck Primary Academy", CONVERTER, "2016", "Tarnbeck", primary, 5,
              trust=GREYWATER, opened_on=closed + timedelta(days=1), follows=TARNBECK),
        Place("990017", "Estmere All-Through Academy", SPONSORED, "4006", "Estmere",
              range(0, 12), 9, trust=GREYWATER, opened_on=date(2021, 9, 1)),
        Place("990018", "Northshire Sixth Form College", COLLEGE, "8601", "Maddenford",
              range(12, 14), 3),
        Place("990019", "Calderwick Free School", FREE, "4007", "Calderwick", secondary, 5,
              opened_on=date(2021, 9, 1)),
        Place("990020", "Skelmoor School", INDEPENDENT, "6001", "Skelmoor", range(6, 12), 1),
        Place("990021", "Wintlesham Comprehensive School", COMMUNITY, "4052", "Wintlesham", nobody,
              status="Closed", closed_on=date(2016, 3, 31)),
        Place("990022", "Greywater Community College", COMMUNITY, "4054", "Greywater", nobody,
              status="Closed", closed_on=date(2019, 8, 31)),
        Place("990023", "Hollinsedge Infant School", COMMUNITY, "2053", "Hollinsedge", nobody,
              status="Closed", closed_on=date(2012, 8, 31)),
        Place("990024", "Tarnbeck Primary School", COMMUNITY, "2016", "Tarnbeck", nobody,
              status="Closed", closed_on=closed),
        Place("990025", "Hollinsedge Junior School", COMMUNITY, "2055", "Hollinsedge", nobody,
              status="Closed", closed_on=date(2012, 8, 31)),
        Place("990026", "Fallowmere Primary School", COMMUNITY, "2056", "Fallowmere", nobody,
              status="Closed", closed_on=date(2018, 8, 31)),
        Place("990027", "Estmere School", COMMUNITY, "4057", "Estmere", nobody,
              status="Closed", closed_on=date(2021, 8, 31)),
        Place("990028", "Newlands Cross Primary School", FREE, "2058", "Maddenford", nobody,
              status="Proposed to open"),
        Place("99001", "Quillmere Children's Centre", CENTRE, "", "Quillmere", range(-1, 0), 1),
        Place("99002", "Maddenford Children's Centre", CENTRE, "", "Maddenford", range(-1, 0), 1),
    ]  # fmt: skip


# Closed school, its successor, and what the link is called on both sides.
SUCCESSORS = [
    ("990021", "990010", "Successor", "Predecessor"),
    ("990022", "990012", "Successor", "Predecessor"),
    ("990023", "990007", "Successor - merged", "Predecessor - merged"),
    ("990025", "990007", "Successor - merged", "Predecessor - merged"),
    ("990024", "990016", "Successor", "Predecessor"),
    ("990027", "990017", "Successor - Split School", "Predecessor - Split School"),
    ("990027", "990019", "Successor - Split School", "Predecessor - Split School"),
]
