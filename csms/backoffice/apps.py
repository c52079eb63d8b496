from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class BackOfficeConfig(AppConfig):
    name = "csms.backoffice"
    label = "backoffice"
    verbose_name = "Back office"


class BackOfficeAdminConfig(AdminConfig):
    """Django's admin, with our site in the place of the default one."""

    default_site = "csms.backoffice.site.BackOffice"
