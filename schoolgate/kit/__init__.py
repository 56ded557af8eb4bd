"""Pure pieces that know nothing of the domain: names, dates, text, bulk loading. No tables."""
