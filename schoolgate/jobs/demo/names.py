"""First and last names from which the demonstration's people are put together, at random.

Ordinary names of today's England, with the accents, apostrophes, hyphens and blanks that real
registers hold. Whoever has such a name is not meant.
"""

_FIRST = """
Aaliyah Aaron Abdul Abigail Adam Adeola Agnieszka Aidan Aisha Alan Alexander Alice Alfie Amara
Amelia Amir Amy Anaïs Andrew Aneeka Anna Anthony Anya Archie Aria Arjun Arthur Asha Ava Ayaan
Ayesha Beatrice Benjamin Bethany Bilal Billy Blessing Bobby Bryony Cai Callum Cara Carys Casper
Catherine Charlie Charlotte Chidi Chloé Christopher Ciara Clara Connor Courtney Daisy Daniel
Danielle Darius Dawid Declan Deepa Demi Dexter Dominic Dylan Ebony Edith Edward Efua Eilidh
Eleanor Elijah Eliza Ella Elliot Elsie Emil Emily Emmanuel Erin Esmé Ethan Evan Evie Ezra Faith
Farah Fatima Felix Femi Finlay Florence Frances Francesca Freddie Freya Gabriel George Georgia
Grace Gracie Gurpreet Gwen Hamza Hannah Harley Harriet Harrison Harry Harvey Hasan Heidi Henry
Hollie Hugo Ibrahim Idris Imogen Imran Indigo Iona Isaac Isabella Isla Ismail Ivy Jack Jacob Jada
Jake James Jamie Jasmine Jayden Jenson Jessica Joel Jordan Joseph Joshua Jude Julia Kacper Kai
Kasia Katie Kayleigh Keira Kian Kieran Kofi Kwame Kyle Lacey Laila Lara Layla Leah Leo Leon Lewis
Lexi Liam Lily Lola Louis Lucas Lucy Łucja Luke Luna Lydia Maddison Maisie Malachi Marcus Maria
Mariam Mason Matilda Matthew Maya Mei Megan Mia Michael Millie Milo Mohammed Molly Muhammad Musa
Nadia Naomi Nathan Niamh Nia Nina Noah Nour Oliver Olivia Omar Orla Oscar Ottilie Owen Paige
Patrick Phoebe Poppy Priya Rafael Rafferty Rania Ravi Reece Renée Reuben Rhys Riley Robyn Roman
Ronnie Rory Rosa Rosie Ruby Rufus Ryan Saanvi Safiya Sam Samira Samuel Sana Santiago Sarah
Scarlett Sean Sebastian Seren Shanice Shreya Sian Siân Simran Sofia Sophie Stanley Stefan Summer
Taha Talia Tariq Tegan Teodor Theo Thomas Tia Tilly Tobias Toby Tomasz Tyler Umar Uma Vera
Victoria Vihaan Violet Wiktoria William Willow Xanthe Yasmin Yusuf Zac Zahra Zainab Zara Zoë Zofia
"""

_LAST = """
Abara Abbot Abdi Adeyemi Ahmed Akhtar Albury Aldous Ali Allard Amos Anand Appiah Arkwright Asante
Ashdown Aspinall Atherley Aziz Backhouse Bagshaw Baines Bancroft Banerjee Barlow Barrowclough
Bassey Beddoes Begum Bell Bellweather Bhatt Birtwhistle Blakeway Boateng Bosworth Bradbeer Braithe
Bramhall Briscoe Broadbent Brockway Brookes Bunting Burgoyne Calder Callaghan Capstick Carmody
Cartledge Cavell Chaudhry Chukwu Clewlow Clough Coldwell Connolly Copestake Corrigan Crabtree
Cresswell Crowhurst Cullimore Czerny D'Souza Dalgliesh Danjuma Dasgupta Davenport Dearden Deighton
Desai Dhillon Diallo Dobbs Doherty Drabble Dukes Dunmore Dziedzic Eastham Eccleston Edoho Egerton
Ekwueme Elphick Entwistle Fairbrother Farooq Farrow Fearnley Fenwick Fernandes Ferreira Fielding
Fitzgerald Flanagan Fothergill Fowkes Foxcroft Gallagher Garside Gaskell Gill Gladwin Goodyear
Gorecki Greenhalgh Grimshaw Gupta Gurung Hadfield Haigh Hallam Hameed Hardcastle Hargreave Hassan
Hathersage Haworth Hebblethwaite Hegarty Heywood Hindle Hoang Holdsworth Hollis Horsfall Hussain
Ibekwe Idowu Iqbal Islam Jabłoński Jagger Jamieson Janjua Jarvis Jeffcoat Jessop Johal Kamara
Kapoor Kaur Keighley Kelleher Kenworthy Khalid Khan Kirkbride Knaggs Kowalczyk Kumar Lathom Lawal
Leadbetter Leary Leung Lightfoot Lindley Lister Lockwood Lomax Longbottom Lowther Lumb MacBride
Mahmood Malik Mallinson Marchetti Marsden Mbeki McAllister McGrath McKenna Mellor Mensah Metcalfe
Mirza Molyneux Moorhouse Moran Mughal Murgatroyd Murray Mustafa Naidoo Nash Nawaz Naylor Nguyễn
Nicholls Norcross Nowak Nuttall O'Brien O'Dwyer O’Neill O'Rourke Obi Ogden Okonkwo Okoro Oldroyd
Omar Onslow Osei Owusu Oyelaran Padgett Parveen Patel Peaker Pemberton Petrov Pettigrew Phiri
Pickersgill Pilling Platt Popescu Postlethwaite Prendergast Priestley Qureshi Quirke Rahman
Ramsden Rashid Rawnsley Redfearn Rehman Ridsdale Riordan Rishworth Rosenthal Rushworth Ryczek
Saleh Sandhu Santos Scargill Schofield Sefton Shackleton Shah Sharma Sharrock Shaw Siddiqui Silva
Singh Slater Smethurst Sowerby Speight Stańczyk Stansfield Starkie Stott Sugden Sutcliffe Swales
Szymański Tattersall Tempest Thackray Thistlethwaite Threlfall Tordoff Townend Tran Turnbull Twigg
Ullah Underhill Unsworth Uttley Varga Varley Veevers Virk Wadsworth Walmsley Warburton Wasilewski
Waugh Weatherill Whitaker Whiteley Widdop Wigglesworth Wolstenholme Womersley Wrigley Yamamoto
Yates Yilmaz Zając Zaman Zielińska Hartley-Jones Okeke-Barrett El-Sayed Smith-O'Hare
"""

_LAST_WITH_BLANKS = """
Van der Meer, de Souza Lima, St Clair, Ap Rhys, Mac Giolla, Al Rashid, Da Costa, Le Fevre
"""

FIRST = _FIRST.split()
LAST = [*_LAST.split(), *(name.strip() for name in _LAST_WITH_BLANKS.split(","))]
