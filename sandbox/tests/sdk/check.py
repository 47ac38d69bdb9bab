"""Drives a running sandbox with Stripe's official Python SDK, unchanged.

Run: pip install stripe && python check.py http://127.0.0.1:12111
"""

import json
import sys
import time
import urllib.request

import stripe

BASE = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:12111"
RUN = str(time.time_ns())
stripe.api_key = "sk_test_python" + RUN
stripe.api_base = BASE
stripe.max_network_retries = 2
CHECKS = []


def check(name, seen, expected):
    CHECKS.append(seen == expected)
    print("ok  " if seen == expected else "FAIL", name, "" if seen == expected else f"saw {seen!r}, expected {expected!r}")


def control(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(BASE + path, data=data, method=method, headers={"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def received(kind, merchant=f"hooks{RUN}"):
    """The newest callback of this type: its body and signature header."""
    for _ in range(100):
        found = [d for d in control("GET", f"/sandbox/merchants/{merchant}/deliveries") if d["type"] == kind]
        if found:
            return found[-1]
        time.sleep(0.05)
    raise SystemExit(f"no callback of type {kind}")


hooks = stripe.WebhookEndpoint.create(url=f"{BASE}/merchant/hooks{RUN}", enabled_events=["*"])
check("endpoint secret", hooks.secret.startswith("whsec_"), True)

intent = stripe.PaymentIntent.create(
    amount=2000,
    currency="usd",
    metadata={"payment_id": "p1"},
    automatic_payment_methods={"enabled": True},
    idempotency_key="create-1",
)
check("created", intent.status, "requires_payment_method")
again = stripe.PaymentIntent.create(
    amount=2000,
    currency="usd",
    metadata={"payment_id": "p1"},
    automatic_payment_methods={"enabled": True},
    idempotency_key="create-1",
)
check("replayed", (again.id, again.last_response.headers.get("idempotent-replayed")), (intent.id, "true"))
try:
    stripe.PaymentIntent.create(amount=2001, currency="usd", idempotency_key="create-1")
    check("other parameters", "accepted", "refused")
except stripe.IdempotencyError as error:
    check("other parameters", error.http_status, 400)

check("retrieved", stripe.PaymentIntent.retrieve(intent.id).metadata["payment_id"], "p1")
try:
    stripe.PaymentIntent.confirm(intent.id, payment_method="pm_card_chargeDeclinedInsufficientFunds")
    check("declined", "accepted", "declined")
except stripe.CardError as error:
    check("declined", (error.code, error.error.decline_code), ("card_declined", "insufficient_funds"))
    check("declined intent", error.error.payment_intent.status, "requires_payment_method")
paid = stripe.PaymentIntent.confirm(intent.id, payment_method="pm_card_visa", expand=["latest_charge"])
check("paid by a second card", (paid.status, paid.latest_charge.status), ("succeeded", "succeeded"))

refund = stripe.Refund.create(payment_intent=intent.id, amount=500, reason="requested_by_customer")
check("refunded", (refund.status, refund.amount), ("succeeded", 500))
try:
    stripe.Refund.create(payment_intent=intent.id, amount=1501)
    check("over-refund", "accepted", "refused")
except stripe.InvalidRequestError as error:
    check("over-refund", error.http_status, 400)
check("refunds listed", [r.id for r in stripe.Refund.list(payment_intent=intent.id)], [refund.id])

moved = stripe.BalanceTransaction.list(expand=["data.source"]).data
check("movements", [(m.type, m.amount, m.fee, m.net) for m in moved], [("refund", -500, 0, -500), ("charge", 2000, 88, 1912)])
check("their sources", [(m.source.object, m.source.payment_intent) for m in moved], [("refund", intent.id), ("charge", intent.id)])
check("one movement", stripe.BalanceTransaction.retrieve(refund.balance_transaction).source, refund.id)
opened = control("POST", f"/sandbox/stripe/intents/{intent.id}/dispute", {"reason": "fraudulent"})
dispute = stripe.Dispute.retrieve(opened["id"])
check("disputed", (dispute.status, dispute.amount, dispute.balance_transactions[0].net), ("needs_response", 1500, -3000))
check("disputes listed", [d.id for d in stripe.Dispute.list(payment_intent=intent.id)], [dispute.id])
try:
    stripe.Refund.create(payment_intent=intent.id)
    check("refund of a disputed charge", "accepted", "refused")
except stripe.InvalidRequestError as error:
    check("refund of a disputed charge", error.code, "charge_disputed")

action = stripe.PaymentIntent.create(
    amount=1000,
    currency="eur",
    payment_method="pm_card_threeDSecure2Required",
    confirm=True,
    return_url="https://shop.example/back",
)
check("requires action", action.status, "requires_action")
canceled = stripe.PaymentIntent.cancel(action.id, cancellation_reason="abandoned")
check("canceled", (canceled.status, canceled.cancellation_reason), ("canceled", "abandoned"))
try:
    stripe.PaymentIntent.confirm(action.id, payment_method="pm_card_visa")
    check("confirm after cancel", "accepted", "refused")
except stripe.InvalidRequestError as error:
    check("confirm after cancel", error.code, "payment_intent_unexpected_state")

made = {stripe.PaymentIntent.create(amount=1000 + n, currency="usd").id for n in range(25)}
listed = [p.id for p in stripe.PaymentIntent.list(limit=10).auto_paging_iter()]
check("auto-pagination", (len(listed), made <= set(listed)), (27, True))

control("POST", "/sandbox/faults", {"route": "POST /v1/payment_intents", "fault": "error", "status": 500, "times": 2, "account": stripe.api_key})
check("retried by the SDK", stripe.PaymentIntent.create(amount=900, currency="usd").amount, 900)
try:
    stripe.PaymentIntent.create(amount=900, currency="usd", api_key="sk_live_no")
    check("live key", "accepted", "refused")
except stripe.AuthenticationError as error:
    check("live key", error.http_status, 401)

callback = received("payment_intent.succeeded")
header = callback["headers"]["stripe-signature"]
event = stripe.Webhook.construct_event(callback["body"], header, hooks.secret)
told = received("charge.dispute.funds_withdrawn")
withdrawn = stripe.Webhook.construct_event(told["body"], told["headers"]["stripe-signature"], hooks.secret)
check("dispute told", withdrawn.data.object.id, dispute.id)
check("callback verified", (event.type, event.data.object.id), ("payment_intent.succeeded", intent.id))
try:
    stripe.Webhook.construct_event(callback["body"].replace("2000", "9999"), header, hooks.secret)
    check("tampered callback", "accepted", "refused")
except stripe.SignatureVerificationError:
    check("tampered callback", "refused", "refused")
check("events listed", stripe.Event.retrieve(event.id).id, event.id)

alipay = stripe.PaymentIntent.create(
    amount=1000,
    currency="usd",
    allowed_payment_method_types=["alipay"],
    payment_method_data={"type": "alipay"},
    confirm=True,
    return_url=f"{BASE}/sandbox/health",
)
check("alipay", (alipay.status, alipay.next_action.type), ("requires_action", "alipay_handle_redirect"))
urllib.request.urlopen(urllib.request.Request(alipay.next_action.alipay_handle_redirect.url + "/complete", method="POST")).read()
check("alipay paid", stripe.PaymentIntent.retrieve(alipay.id).status, "succeeded")
wechat = stripe.PaymentIntent.create(
    amount=1000,
    currency="usd",
    allowed_payment_method_types=["wechat_pay"],
    payment_method_data={"type": "wechat_pay"},
    payment_method_options={"wechat_pay": {"client": "web"}},
    confirm=True,
)
check("wechat pay", wechat.next_action.wechat_pay_display_qr_code.data.startswith("weixin://"), True)
control("POST", f"/sandbox/stripe/wallets/{wechat.id}/fail")
check("wechat pay failed", stripe.PaymentIntent.retrieve(wechat.id).status, "requires_payment_method")
try:
    stripe.PaymentIntent.create(amount=1000, currency="usd", payment_method_types=["card"])
    check("payment_method_types", "accepted", "refused")
except stripe.InvalidRequestError as error:
    check("payment_method_types", error.code, "payment_method_types_no_longer_supported")

seller = "acct_seller" + RUN
connected = stripe.WebhookEndpoint.create(url=f"{BASE}/merchant/connected{RUN}", enabled_events=["*"], connect=True)
theirs = stripe.PaymentIntent.create(amount=1000, currency="usd", payment_method="pm_card_visa", confirm=True, stripe_account=seller)
check("connected account", stripe.PaymentIntent.retrieve(theirs.id, stripe_account=seller).status, "succeeded")
try:
    stripe.PaymentIntent.retrieve(theirs.id)
    check("accounts apart", "shown", "refused")
except stripe.InvalidRequestError as error:
    check("accounts apart", (error.http_status, error.code), (404, "resource_missing"))
stripe.Refund.create(payment_intent=theirs.id, stripe_account=seller)
told = received("payment_intent.succeeded", f"connected{RUN}")
event = stripe.Webhook.construct_event(told["body"], told["headers"]["stripe-signature"], connected.secret)
check("connect event", (event.account, event.data.object.id), (seller, theirs.id))
try:
    stripe.PaymentIntent.create(amount=1000, currency="usd", stripe_account="nobody")
    check("no such account", "accepted", "refused")
except stripe.PermissionError as error:
    check("no such account", (error.http_status, error.error.code), (403, "account_invalid"))

print(f"{sum(CHECKS)} of {len(CHECKS)} as expected")
sys.exit(not all(CHECKS))
