"""Addresses of people."""

from django.urls import path

from accounts.views import people

app_name = "people"

urlpatterns = [
    path("", people.overview, name="overview"),
    path("invite/", people.invite, name="invite"),
    path("invitations/<int:number>/withdraw/", people.withdraw, name="withdraw"),
    path("suggest/", people.suggest, name="suggest"),
    path("of/<str:username>/", people.person, name="person"),
    path("of/<str:username>/deactivate/", people.shut_out, name="deactivate"),
    path("of/<str:username>/activate/", people.let_in, name="activate"),
]
