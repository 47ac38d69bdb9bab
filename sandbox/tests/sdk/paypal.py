"""Drives a running sandbox with PayPal's official Python SDKs, unchanged: only the base URL and the trusted root are set.

Run: pip install paypal-server-sdk paypalrestsdk "pyopenssl<23.3" && python paypal.py http://127.0.0.1:12111

paypalrestsdk is archived and calls what newer pyopenssl lacks, but PayPal has no other Python code that verifies webhooks.
"""

import json
import sys
import tempfile
import time
import urllib.error
import urllib.request

import paypalrestsdk
from apimatic_core.exceptions.auth_validation_exception import AuthValidationException
from paypalserversdk.configuration import Configuration, Environment, Server
from paypalserversdk.exceptions.api_exception import ApiException
from paypalserversdk.exceptions.error_exception import ErrorException
from paypalserversdk.http.auth.o_auth_2 import ClientCredentialsAuthCredentials
from paypalserversdk.paypal_serversdk_client import PaypalServersdkClient

BASE = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:12111"
RUN = str(time.time_ns())
APP = "app" + RUN
CHECKS = []
Configuration.environments[Environment.SANDBOX][Server.DEFAULT] = BASE + "/paypal"


def check(name, seen, expected):
    CHECKS.append(seen == expected)
    print("ok  " if seen == expected else "FAIL", name, "" if seen == expected else f"saw {seen!r}, expected {expected!r}")


def control(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(BASE + "/sandbox" + path, data=data, method=method, headers={"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def received(kind):
    """The newest webhook of this type."""
    for _ in range(100):
        found = [d for d in control("GET", f"/merchants/hooks{RUN}/deliveries") if d["type"] == kind]
        if found:
            return found[-1]
        time.sleep(0.05)
    raise SystemExit(f"no webhook of type {kind}")


def client(secret):
    credentials = ClientCredentialsAuthCredentials(o_auth_client_id=APP, o_auth_client_secret=secret)
    return PaypalServersdkClient(environment=Environment.SANDBOX, client_credentials_auth_credentials=credentials)


def refusal(call, options):
    """The first issue of a refused call."""
    try:
        call(options)
        return "accepted"
    except ErrorException as error:
        return error.response_code, error.details[0].issue


def order(value, key, currency="USD", prefer="return=minimal"):
    unit = {"amount": {"currency_code": currency, "value": value}, "custom_id": "pay_1", "invoice_id": "T" + key + RUN}
    wallet = {"experience_context": {"return_url": "https://shop.example/back", "cancel_url": "https://shop.example/left"}}
    body = {"intent": "CAPTURE", "purchase_units": [unit], "payment_source": {"paypal": wallet}}
    return {"body": body, "paypal_request_id": key, "prefer": prefer}


app = control("PUT", f"/paypal/apps/{APP}", {"secret": "s1", "webhook": {"url": f"{BASE}/merchant/hooks{RUN}"}})
sdk = client("s1")
orders, payments = sdk.orders, sdk.payments

made = orders.create_order(order("88.88", "o1"))
check("created", (made.status_code, made.body.status), (200, "PAYER_ACTION_REQUIRED"))
check("payer's page", [link.rel for link in made.body.links], ["self", "payer-action"])
again = orders.create_order(order("88.88", "o1"))
check("repeated", (again.status_code, again.body.id), (200, made.body.id))
check("another body", refusal(orders.create_order, order("99.99", "o1")), (422, "DUPLICATE_REQUEST_ID"))
check("decimals of yen", refusal(orders.create_order, order("88.88", "o2", "JPY")), (422, "DECIMALS_NOT_SUPPORTED"))
check("unknown order", refusal(orders.get_order, {"id": "NOSUCHORDER"}), (404, "INVALID_RESOURCE_ID"))
capture_it = {"id": made.body.id, "paypal_request_id": "c1", "prefer": "return=representation"}
check("not approved", refusal(orders.capture_order, capture_it), (422, "ORDER_NOT_APPROVED"))
try:
    client("another").orders.get_order({"id": made.body.id})
    check("another secret", "accepted", "refused")
except AuthValidationException:
    check("another secret", "refused", "refused")

control("POST", f"/paypal/orders/{made.body.id}/approve", {})
shown = orders.get_order({"id": made.body.id}).body
check("approved", (shown.status, shown.payer.email_address, shown.purchase_units[0].custom_id), ("APPROVED", "payer@example.com", "pay_1"))
captured = orders.capture_order(capture_it)
check("captured", (captured.status_code, captured.body.status), (201, "COMPLETED"))
capture = captured.body.purchase_units[0].payments.captures[0]
check("capture", (capture.status, capture.amount.value, capture.final_capture), ("COMPLETED", "88.88", True))
check("its sums", capture.seller_receivable_breakdown.net_amount.value, "85.29")
check("captured once", orders.capture_order(capture_it).status_code, 200)
check("already captured", refusal(orders.capture_order, {**capture_it, "paypal_request_id": "c2"}), (422, "ORDER_ALREADY_CAPTURED"))
check("capture shown", payments.get_captured_payment({"capture_id": capture.id}).body.status, "COMPLETED")

refund_it = {"capture_id": capture.id, "paypal_request_id": "r1", "prefer": "return=representation", "body": {"amount": {"currency_code": "USD", "value": "8.88"}, "note_to_payer": "Sorry"}}
refund = payments.refund_captured_payment(refund_it)
check("refunded", (refund.status_code, refund.body.status, refund.body.amount.value), (201, "COMPLETED", "8.88"))
check("refunded once", (payments.refund_captured_payment(refund_it).status_code, len(control("GET", f"/paypal/refunds?account={APP}"))), (200, 1))
check("refund shown", payments.get_refund({"refund_id": refund.body.id}).body.note_to_payer, "Sorry")
too_much = {"capture_id": capture.id, "paypal_request_id": "r2", "body": {"amount": {"currency_code": "USD", "value": "80.01"}}}
check("over-refund", refusal(payments.refund_captured_payment, too_much), (422, "REFUND_AMOUNT_EXCEEDED"))
rest = payments.refund_captured_payment({"capture_id": capture.id, "paypal_request_id": "r3"})
check("the rest", rest.body.status, "COMPLETED")
check("nothing left", refusal(payments.refund_captured_payment, {**too_much, "paypal_request_id": "r4"}), (422, "CAPTURE_FULLY_REFUNDED"))
check("capture refunded", payments.get_captured_payment({"capture_id": capture.id}).body.status, "REFUNDED")
shown = orders.get_order({"id": made.body.id}).body.purchase_units[0].payments
check("payments of the order", (len(shown.captures), len(shown.refunds)), (1, 2))

declined = orders.create_order(order("1.00", "o3", prefer="return=representation")).body
control("POST", f"/paypal/orders/{declined.id}/approve", {"capture": "instrument_declined"})
check("declined", refusal(orders.capture_order, {"id": declined.id, "paypal_request_id": "c3"}), (422, "INSTRUMENT_DECLINED"))
control("POST", f"/paypal/orders/{declined.id}/expire")
check("expired", refusal(orders.get_order, {"id": declined.id}), (404, "INVALID_RESOURCE_ID"))

control("DELETE", f"/paypal/apps/{APP}/tokens")
try:
    orders.get_order({"id": made.body.id})
    check("revoked token", "accepted", "refused")
except ApiException as error:
    check("revoked token", error.response_code, 401)
check("new token", client("s1").orders.get_order({"id": made.body.id}).body.status, "COMPLETED")

with tempfile.NamedTemporaryFile("w", suffix=".pem") as root:
    root.write(app["trusted_root_pem"])
    root.flush()
    paypalrestsdk.WebhookEvent._WebhookEvent__cert_chain_path = [root.name]
    for kind in ("CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.REFUNDED"):
        told = received(kind)
        headers = {name.removeprefix("paypal-"): value for name, value in told["headers"].items()}
        proof = [headers["transmission-id"], headers["transmission-time"], app["webhook"]["id"], told["body"]]
        rest = [headers["cert-url"], headers["transmission-sig"], headers["auth-algo"]]
        check(f"verified {kind}", paypalrestsdk.WebhookEvent.verify(*proof, *rest), True)
    proof[3] = told["body"].replace("USD", "EUR")
    check("tampered webhook", paypalrestsdk.WebhookEvent.verify(*proof, *rest), False)
    proof[2:] = ["ANOTHER", told["body"]]
    check("another webhook", paypalrestsdk.WebhookEvent.verify(*proof, *rest), False)

print(f"{sum(CHECKS)} of {len(CHECKS)} as expected")
sys.exit(not all(CHECKS))
