"""Where files are kept and how they are handed over, as the operator sets it."""

from dataclasses import dataclass

KINDS = ("local", "s3")
DELIVERIES = ("portal", "nginx", "redirect")


@dataclass(frozen=True)
class StorageSettings:
    """PORTAL_STORAGE, PORTAL_S3_* and PORTAL_DELIVERY (docs/storage.md).

    Without keys of its own the S3 client looks where Amazon's tools look: AWS_* variables, then
    its configuration files, then the machine's role.
    """

    kind: str = "local"
    delivery: str = "portal"
    bucket: str = ""
    endpoint: str = ""
    region: str = ""
    access_key: str = ""
    secret_key: str = ""

    def wrong(self) -> str:
        """Say what does not fit, or nothing. The sentence is for the operator."""
        if self.kind not in KINDS:
            return "PORTAL_STORAGE must be 'local' or 's3'."
        if self.delivery not in DELIVERIES:
            return "PORTAL_DELIVERY must be 'portal', 'nginx' or 'redirect'."
        if self.kind == "s3" and not self.bucket:
            return "PORTAL_STORAGE=s3 needs PORTAL_S3_BUCKET."
        if bool(self.access_key) != bool(self.secret_key):
            return "PORTAL_S3_ACCESS_KEY and PORTAL_S3_SECRET_KEY belong together."
        if self.delivery == "nginx" and self.kind != "local":
            return "PORTAL_DELIVERY=nginx hands over files of this machine: PORTAL_STORAGE=local."
        if self.delivery == "redirect" and self.kind != "s3":
            return "PORTAL_DELIVERY=redirect needs PORTAL_STORAGE=s3."
        return ""
