"""Reports on mail as real mail systems send them, of people who do not exist.

Each shape takes the bytes of the mail that came, its recipient, a code and what became of it, and
gives the bytes of the report.
"""

from __future__ import annotations

from email.parser import BytesHeaderParser

FAILED, DELAYED = "failed", "delayed"


def _headers(mail: bytes) -> str:
    head = mail.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode()
    return "\n".join(line for line in head.splitlines() if not line.startswith("X-To:"))


def _id(mail: bytes) -> str:
    return str(BytesHeaderParser().parsebytes(mail)["Message-ID"])


def postfix(mail: bytes, to: str, code: str = "5.1.1", action: str = FAILED) -> bytes:
    """With the whole mail, and what the next server said."""
    whole = _headers(mail) + "\n\nHello\n"
    return f"""\
Return-Path: <>
Received: by mx.abbey.example (Postfix) id 4ZxYw1; Sat, 21 Nov 2026 10:00:01 +0000 (GMT)
Date: Sat, 21 Nov 2026 10:00:01 +0000 (GMT)
From: MAILER-DAEMON@mx.abbey.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: gate@x.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4ZxYw1.1763719201/mx.abbey.example"
Message-Id: <20261121100001.4ZxYw1@mx.abbey.example>

This is a MIME-encapsulated message.

--4ZxYw1.1763719201/mx.abbey.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.abbey.example.

<{to}>: host store.abbey.example[192.0.2.7] said: 550 {code} <{to}> Unknown (in reply to RCPT TO)

--4ZxYw1.1763719201/mx.abbey.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.abbey.example
X-Postfix-Queue-ID: 4ZxYw1
X-Postfix-Sender: rfc822; gate@x.example
Arrival-Date: Sat, 21 Nov 2026 10:00:00 +0000 (GMT)

Final-Recipient: rfc822; {to}
Original-Recipient: rfc822;{to}
Action: {action}
Status: {code}
Remote-MTA: dns; store.abbey.example
Diagnostic-Code: smtp; 550 {code} <{to}> Unknown

--4ZxYw1.1763719201/mx.abbey.example
Content-Description: Undelivered Message
Content-Type: message/rfc822

{whole}
--4ZxYw1.1763719201/mx.abbey.example--
""".encode()


def exchange(mail: bytes, to: str, code: str = "5.1.10", action: str = FAILED) -> bytes:
    """With HTML before the status, the headers only after it, and CRLF."""
    return f"""\
From: postmaster@brook.example
To: <gate@x.example>
Date: Sat, 21 Nov 2026 10:00:01 +0000
Content-Type: multipart/report; report-type=delivery-status;
 boundary="a1b2c3d4-0000-4000-8000-00000000e5f6"
X-MS-Exchange-Message-Is-Ndr:
Content-Language: en-GB
Message-ID: <00000000-aaaa@BROOK01.prod.brook.example>
In-Reply-To: {_id(mail)}
References: {_id(mail)}
Thread-Topic: Set up your account
Subject: Undeliverable: Set up your account
Auto-Submitted: auto-replied
MIME-Version: 1.0

--a1b2c3d4-0000-4000-8000-00000000e5f6
Content-Type: multipart/alternative; differences=Content-Type;
 boundary="b2c3d4e5-0000-4000-8000-00000000f6a1"

--b2c3d4e5-0000-4000-8000-00000000f6a1
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: base64

WW91ciBtZXNzYWdlIGNvdWxkIG5vdCBiZSBkZWxpdmVyZWQu

--b2c3d4e5-0000-4000-8000-00000000f6a1
Content-Type: text/html; charset="utf-8"
Content-Transfer-Encoding: quoted-printable

<html><body><p>Your message couldn=E2=80=99t be delivered.</p></body></html>

--b2c3d4e5-0000-4000-8000-00000000f6a1--

--a1b2c3d4-0000-4000-8000-00000000e5f6
Content-Type: message/delivery-status

Reporting-MTA: dns;BROOK01.prod.brook.example
Received-From-MTA: dns;mail.x.example
Arrival-Date: Sat, 21 Nov 2026 10:00:00 +0000

Final-Recipient: rfc822;{to}
Action: {action}
Status: {code}
Diagnostic-Code: smtp;550 {code} RESOLVER.ADR.RecipientNotFound; Recipient {to} not found by SMTP
 address lookup

--a1b2c3d4-0000-4000-8000-00000000e5f6
Content-Type: text/rfc822-headers

{_headers(mail)}

--a1b2c3d4-0000-4000-8000-00000000e5f6--
""".replace("\n", "\r\n").encode()


def gmail(mail: bytes, to: str, code: str = "5.1.1", action: str = FAILED) -> bytes:
    """With a picture in a multipart/related before the status, folded diagnostics after it."""
    return f"""\
Delivered-To: gate@x.example
Return-Path: <>
From: Mail Delivery Subsystem <mailer-daemon@googlemail.example>
To: gate@x.example
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
References: {_id(mail)}
In-Reply-To: {_id(mail)}
X-Failed-Recipients: {to}
Message-ID: <6921f000.a70a0220.1@mx.google.example>
Date: Sat, 21 Nov 2026 02:00:01 -0800 (PST)
MIME-Version: 1.0
Content-Type: multipart/report; boundary="000000000000aa11"; report-type=delivery-status

--000000000000aa11
Content-Type: multipart/related; boundary="000000000000bb22"

--000000000000bb22
Content-Type: multipart/alternative; boundary="000000000000cc33"

--000000000000cc33
Content-Type: text/plain; charset="UTF-8"

** Address not found **

--000000000000cc33--
--000000000000bb22
Content-Type: image/png; name="icon.png"
Content-Transfer-Encoding: base64
Content-ID: <icon.png>

iVBORw0KGgo=
--000000000000bb22--
--000000000000aa11
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.example
Arrival-Date: Sat, 21 Nov 2026 02:00:00 -0800 (PST)
X-Original-Message-ID: {_id(mail)}

Final-Recipient: rfc822; {to}
Action: {action}
Status: {code}
Remote-MTA: dns; gmail-smtp-in.example. (192.0.2.26, the server for the domain.)
Diagnostic-Code: smtp; 550-{code} The email account that you tried to reach does not exist. Please
 550-{code} try double-checking the recipient's email address for typos.
Last-Attempt-Date: Sat, 21 Nov 2026 02:00:01 -0800 (PST)

--000000000000aa11
Content-Type: message/rfc822

{_headers(mail)}

----- Message truncated -----

--000000000000aa11--
""".encode()


def of_other_scripts(mail: bytes, to: str, code: str = "5.1.1", action: str = FAILED) -> bytes:
    """As RFC 6533 has it, where addresses may be written in any script."""
    return f"""\
From: postmaster@schule.example
To: gate@x.example
MIME-Version: 1.0
Content-Type: multipart/report; report-type=global-delivery-status; boundary="zz"

--zz
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Unbekannter Empfänger

--zz
Content-Type: message/global-delivery-status
Content-Transfer-Encoding: 8bit

Reporting-MTA: dns; mx.schule.example

Final-Recipient: utf-8; {to}
Action: {action}
Status: {code}

--zz
Content-Type: message/global-headers
Content-Transfer-Encoding: 8bit

{_headers(mail)}

--zz--
""".encode()


SHAPES = {
    "postfix": postfix,
    "exchange": exchange,
    "gmail": gmail,
    "other scripts": of_other_scripts,
}
