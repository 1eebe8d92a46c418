"""A federation server (AD FS) as MSAL meets it: its metadata, and its answer to a user name and password."""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import BaseAdapter

# Only what MSAL looks for; source: msal/mex.py and msal/wstrust_response.py.
METADATA = """<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"
 xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:wsa10="http://www.w3.org/2005/08/addressing"
 xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy"
 xmlns:sp="http://schemas.xmlsoap.org/ws/2005/07/securitypolicy"
 xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">
 <wsp:Policy wsu:Id="password"><wsp:ExactlyOne><wsp:All><sp:TransportBinding/>
  <sp:SignedSupportingTokens><wsp:Policy><sp:UsernameToken><wsp:Policy><sp:WssUsernameToken10/>
  </wsp:Policy></sp:UsernameToken></wsp:Policy></sp:SignedSupportingTokens>
 </wsp:All></wsp:ExactlyOne></wsp:Policy>
 <wsdl:binding name="b"><wsp:PolicyReference URI="#password"/>
  <soap12:binding transport="http://schemas.xmlsoap.org/soap/http"/><wsdl:operation>
  <soap12:operation soapAction="http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue"/></wsdl:operation>
 </wsdl:binding>
 <wsdl:service><wsdl:port binding="t:b"><wsa10:EndpointReference>
  <wsa10:Address>https://sts.contoso.com/adfs/services/trust/2005/usernamemixed</wsa10:Address>
 </wsa10:EndpointReference></wsdl:port></wsdl:service>
</wsdl:definitions>"""
NO_PASSWORDS = '<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"/>'


def fault(subcode: str, reason: str) -> str:
    """Return a SOAP fault."""
    return f"""<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault>
 <s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code>
 <s:Reason><s:Text xml:lang="en-US">{reason}</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>"""


WRONG_PASSWORD = fault(
    "a:FailedAuthentication", "ID3242: The security token could not be authenticated or authorized."
)
BROKEN = fault("a:InternalServiceFault", "The server was unable to process the request.")


class FederationServer(BaseAdapter):
    """Stands under a `requests.Session` for one host. `envelopes`: the passwords that reached it."""

    def __init__(self, metadata: str, status: int, answer: str) -> None:
        super().__init__()
        self.metadata = metadata
        self.status = status
        self.answer = answer
        self.envelopes: list[str] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Answer a request."""
        response = requests.Response()
        response.request, response.url = request, request.url or ""
        if request.method == "POST":
            body = request.body or ""
            self.envelopes.append(body.decode() if isinstance(body, bytes) else str(body))
            response.status_code, text = self.status, self.answer
        else:
            response.status_code, text = 200, self.metadata
        response._content = text.encode()
        return response

    def close(self) -> None:
        """Nothing is open."""
