from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "csms.gateway"
    label = "gateway"
    verbose_name = "Gateway"
