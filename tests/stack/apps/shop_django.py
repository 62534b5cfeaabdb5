# SPDX-License-Identifier: MIT
"""A Django application in one file that asks its database a question when it is imported, through
the ORM, and again in each request, through the ORM, middleware and templates: deep stacks."""

import os

import django
import django.db.models
from django.conf import settings
from django.http import HttpResponse
from django.template import engines
from django.urls import path
from django.core.wsgi import get_wsgi_application


class Deeper:
    """Middleware that adds a frame."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)


settings.configure(
    SECRET_KEY="x",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {
        "ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1",
        "PORT": os.environ["DB_PORT"], "USER": os.environ["DB_USER"],
        "NAME": os.environ["DB_NAME"], "CONN_MAX_AGE": None,
    }},
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware",
                "django.middleware.common.CommonMiddleware",
                "django.middleware.clickjacking.XFrameOptionsMiddleware",
                *[f"{__name__}.Deeper"] * 12],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
)
django.setup()


class Thing(django.db.models.Model):
    name = django.db.models.CharField(max_length=20)

    class Meta:
        app_label = "shop"
        db_table = "t"


def count_things():
    return Thing.objects.filter(name__startswith="name-1").count()  # MARK used


def warm_up():
    return Thing.objects.count()  # MARK opened


def index(_request):
    template = engines["django"].from_string("{% if 1 %}{{ count }}{% endif %} {{ pid }}\n")
    return HttpResponse(template.render({"count": count_things, "pid": os.getpid()}))


urlpatterns = [path("", index)]
print("things:", warm_up())
app = get_wsgi_application()
