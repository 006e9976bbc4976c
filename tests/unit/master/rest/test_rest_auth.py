"""Certificates, tokens, impersonation."""

import ssl

import pytest
from multidict import CIMultiDict

from kubelite.apimachinery.apierrors import BadRequest, Forbidden, Unauthorized
from kubelite.client.requests import ADMIN, ANONYMOUS, UserInfo
from kubelite.master.auth.authenticator import Authenticator, impersonated, user_of_certificate
from kubelite.master.auth.certificates import make_cluster_certificates, server_context

SUBJECT = ((("organizationName", "system:masters"),), (("commonName", "kubernetes-admin"),))


def test_tokens():
    authenticator = Authenticator({"right": ADMIN})
    assert authenticator.authenticate("Bearer right", None) == ADMIN
    assert authenticator.authenticate("bearer  right ", None) == ADMIN
    for none in ("", "Basic eDp5", "Bearer", "Bearer "):
        assert authenticator.authenticate(none, None) == ANONYMOUS
    with pytest.raises(Unauthorized) as found:
        authenticator.authenticate("Bearer wrong", None)
    assert "details" not in found.value.status()
    authenticator.add_token("more", UserInfo("u"))
    assert authenticator.authenticate("Bearer more", None).name == "u"
    authenticator.remove_token("more")
    with pytest.raises(Unauthorized):
        authenticator.authenticate("Bearer more", None)
    assert "right" not in repr(authenticator) + repr(vars(authenticator))


def test_a_certificate_names_user_and_groups():
    user = user_of_certificate({"subject": SUBJECT})
    assert user == UserInfo("kubernetes-admin", ADMIN.groups)
    assert user_of_certificate({"subject": ()}) is None
    assert Authenticator().authenticate("Bearer wrong", {"subject": SUBJECT}) == user


def test_impersonation():
    headers = CIMultiDict({"Impersonate-User": "alice", "Impersonate-Extra-scopes%2Fx": "view"})
    found = impersonated(ADMIN, headers)
    assert found == UserInfo("alice", ("system:authenticated",))
    assert dict(found.extra) == {"scopes/x": ("view",)}
    account = impersonated(ADMIN, CIMultiDict({"Impersonate-User": "system:serviceaccount:n:a"}))
    assert account.groups == ("system:serviceaccounts", "system:serviceaccounts:n", "system:authenticated")
    assert (
        impersonated(ADMIN, CIMultiDict({"Impersonate-User": "system:anonymous"})).groups == ANONYMOUS.groups
    )
    assert impersonated(ADMIN, CIMultiDict()) is ADMIN
    with pytest.raises(BadRequest) as error:
        impersonated(ADMIN, CIMultiDict({"Impersonate-Group": "g"}))
    assert error.value.message == (
        'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"g"}, '
        "Extra:map[string][]string(nil)} without impersonating a user name"
    )
    with pytest.raises(Forbidden, match='users "bob" is forbidden: User "alice" cannot impersonate'):
        impersonated(found, CIMultiDict({"Impersonate-User": "bob"}))


def test_certificates_are_good_and_keep_their_secrets():
    made = make_cluster_certificates(["127.9.0.1", "my.host"])
    context = server_context(made)
    assert context.verify_mode is ssl.CERT_OPTIONAL
    assert b"PRIVATE" not in repr(made).encode()
    assert made.token not in repr(made)
    assert make_cluster_certificates().token != made.token
