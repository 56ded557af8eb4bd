"""The demonstration organisation: Northshire Virtual School, all of it invented.

30 establishments (22 open, 7 closed, 1 yet to open), 2,000 pupils (150 of them in care) and about
90 users, of whom 38 are the staff of one school. Chance is seeded: the same people each time, with
dates told from the day on which it is made. All but a few, named under "Users" and "from inside",
can sign in with PASS_PHRASE; begin with these:

    LA Super User        helen.ashworth@northshire.example
    LA User              tom.adeyemi@northshire.example
    Social Worker        priya.nair@social-care.northshire.example
    Designated Teacher   megan.rhys@maddenfordhigh.example   (Maddenford High School, 990009)
    School Admin         ruth.calloway@maddenfordhigh.example
    Leader               owen.fairclough@maddenfordhigh.example   (Humanities)
    Teacher              imani.clarke@maddenfordhigh.example      (History)
    Finance Manager      derek.pilling@maddenfordhigh.example
    Parent/Guardian      karen.dunmore@home.example               (Jack and Ella Dunmore)

Where the hard cases are (FACTS of the field, section 8); a test holds this list to the register.

Schools

    two of one name                    St Bregwin's Catholic Primary School, 990003 and 990004
    became an academy 3 weeks ago      Tarnbeck Primary School 990024, now 990016; nobody has moved
                                       the teacher's grant, judith.sowerby@tarnbeckprimary.example,
                                       so that nobody there sees Nia, Oscar and Samira Tattersall
                                       (V990200120907, J990200120908, Y990200120909)
    an academy since 2016, 2019        990021 now 990010; 990022 now 990012
    two merged, one split              990023 and 990025 into 990007; 990027 into 990017 and 990019
    closed, no successor               990026
    may close; to be opened            990008; 990028
    children's centres, five digits    99001, 99002
    without a Designated Teacher       990020, and 990016

Children

    changed school 14 days ago         Callum Winterbourne     K990200120901   990001 to 990002
    changes school in 10 days          Aisha Farrow            Z990200120902   990002 to 990001
    last day at a school today         Poppy Threlfall         F990200120906   990011 to 990012
    moved away, no school known        Jude Kenworthy          N990200120903   888888
    educated at home                   Seren Ap Rhys           C990200120904   999999
    dual-registered                    Dexter Lomax            R990200120905   990009 and 990014
    left care 30 days ago              Ruby Copestake          Y990200120911
    last day in care today             Elijah Stott            M990200120912
    comes into care in 7 days          Freya Lindley           B990200120913
    in care for the third time         Tyler Garside           Q990200120914
    last day of a link today           Isla Rawnsley           E990200120915   priya.nair
    two social workers for two weeks   Kacper Nowak            U990200120916   martin.oldroyd,
                                                                               shreya.banerjee
    under five, without UPN            Luna Hebblethwaite      P009001         at 99001
    birthday guessed, without UPN      Amir Rahimi             nvs-9002
    UPNs that differ in one digit      Leo Capstick            L990200120921
      (the second's letter is wrong)   Maya Desai              L990200120931
    namesakes at two schools           Jack Thackray           A990200120922   990003
                                       Jack Thackray           P990200120923   990004
    an earlier UPN                     Zofia Zając             D990200120924   was Y990200815925
    brother and sisters, restricted    Ethan Marlowe           M990200120941   from nobody
                                       Grace Marlowe           B990200120942   from dana.whitaker
                                                                               and ian.marlowe
                                       Noah Marlowe            Q990200120943   from ian.marlowe

Families

    separated, each kept from one      karen.dunmore@home.example    Jack and Ella; not Tom
      child by a court order           paul.dunmore@home.example     Jack; not Ella
    of the same name, no relation      paul.dunmore@harbour.example  Amy Dunmore
    foster carer                       brenda.kirkham@home.example   Tom Dunmore, in care
    grandmother, without e-mail        maureen.dunmore               Ella Dunmore
    a child who signs in               jack.dunmore                  himself
    teacher and father                 callum.beattie@maddenfordhigh.example, of Orla Beattie

Users

    teacher at two schools             sian.fothergill@fellside.example          990010 and 990013
    teacher and social worker          kwame.mensah@thornwickprimary.example     990002, 2 children
    teacher who left (inactive)        lorna.haigh@greywateracademy.example      990012
    the one who came after             bilal.qureshi@greywateracademy.example    990012
    teacher without a school yet       nathan.quirke@northshire.example
    teacher of a closed school         judith.sowerby@tarnbeckprimary.example    990024
    social worker without children     farah.siddiqui@social-care.northshire.example
    restricted from one of her three   dana.whitaker@social-care.northshire.example
    teacher restricted from two        ian.marlowe@quillmereprimary.example      990001
    link ends in 7 days                martin.oldroyd@social-care.northshire.example
    link began 7 days ago              shreya.banerjee@social-care.northshire.example
    on leave (inactive)                colin.murgatroyd@northshire.example
    invited just now                   bilal.qureshi@greywateracademy.example
                                       farah.siddiqui@social-care.northshire.example
    invited, the mail was refused      nathan.quirke@northshire.example
    invitation expired                 beatrice.uttley@northshire.example
    not invited yet                    judith.sowerby@tarnbeckprimary.example
                                       sian.fothergill@fellside.example
                                       paul.dunmore@harbour.example
    waits for a letter                 maureen.dunmore
    a second LA Super User             gareth.pryce@northshire.example
    no e-mail address, a user name     moira.tindall
    Independent Reviewing Officer,     edwina.pargeter@northshire.example
      a role of the organisation's own

Maddenford High School from inside: 14 subject areas, most in one of four categories; classes that
a sync brought, with their teachers, beside those of the pupil file (which every school has)

    leads every subject area           hannah.prosser@maddenfordhigh.example
    leads three and teaches one        callum.beattie@maddenfordhigh.example
    gone from its register of staff,   marek.dudek@maddenfordhigh.example
      and still Leader
      and inactive there               joan.tickle@maddenfordhigh.example
      and never reached by mail        petra.sykes@maddenfordhigh.example
    added by hand, not invited yet     nigel.crook@maddenfordhigh.example
    added by hand and invited          rhodri.maddocks@maddenfordhigh.example
                                       saffron.moule@maddenfordhigh.example
    the invitation expired             ines.carvalho@maddenfordhigh.example

Twenty pupils have a UPN whose check letter is wrong, a hundred have other identifiers only.
"""

from schoolgate.jobs.demo.loading import PASS_PHRASE, SIGN_INS, load

__all__ = ["PASS_PHRASE", "SIGN_INS", "load"]
