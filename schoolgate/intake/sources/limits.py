"""How much a file may hold (S47). Generous for real registers, small for this machine's memory."""

MAX_BYTES = 256 * 1024 * 1024
MAX_ROWS = 1_000_000
MAX_COLUMNS = 16_384  # as many as a spreadsheet has
MAX_CELL = 32_767  # characters, as many as a spreadsheet's cell holds
MAX_ROW = 1024 * 1024  # characters in all the cells of a row together

XLSX_MEMORY = 1024 * 1024 * 1024  # bytes of address space for the child that reads a workbook
XLSX_SECONDS = 60  # of processor time
XLSX_UNPACKED = 1024 * 1024 * 1024  # bytes that the parts of a workbook may unpack to
XLSX_PARTS = 10_000
RESAVE = "Save the workbook again as XLSX or as “CSV UTF-8” and upload that"
