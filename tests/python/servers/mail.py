"""Mail, with `smtplib` of the standard library."""

import smtplib
import ssl
from email.message import EmailMessage

from toril_plugin import job


@job("mail")
def send(job):
    """Sends a mail: `plain`, after `starttls`, or over `tls` from the beginning."""
    data = job.data
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "toril@example.com", data["to"], data["subject"]
    mail.set_content(data["text"])
    is_tls = data["security"] == "tls"
    server = (smtplib.SMTP_SSL if is_tls else smtplib.SMTP)(data["host"], data["port"], timeout=data.get("timeout", 60))
    with server:
        if data["security"] == "starttls":
            server.starttls(context=ssl.create_default_context())
        if "user" in data:
            server.login(data["user"], data["password"])
        refused = server.send_message(mail)
    return {"refused": refused}
