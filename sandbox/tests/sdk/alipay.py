"""Drives a running sandbox with Alipay's official Python SDK, unchanged.

Run: pip install alipay-sdk-python && python alipay.py http://127.0.0.1
The SDK cannot speak to a gateway whose address names a port, so the sandbox must be at port 80 and say so without it, and
its seconds should be short, as refunds wait for them:
SANDBOX_LISTEN=127.0.0.1:80 SANDBOX_PUBLIC_URL=http://127.0.0.1 SANDBOX_SECOND_MS=5.
"""

import json
import pathlib
import sys
import time
import urllib.parse
import urllib.request

# This file bears the name of the package it drives, and must not be found in its place.
sys.path = [place for place in sys.path if pathlib.Path(place or ".").resolve() != pathlib.Path(__file__).resolve().parent]

from alipay.aop.api.AlipayClientConfig import AlipayClientConfig  # noqa: E402
from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient  # noqa: E402
from alipay.aop.api.exception.Exception import ResponseException  # noqa: E402
from alipay.aop.api.request.AlipayTradeAppPayRequest import AlipayTradeAppPayRequest  # noqa: E402
from alipay.aop.api.request.AlipayTradeCancelRequest import AlipayTradeCancelRequest  # noqa: E402
from alipay.aop.api.request.AlipayTradeCloseRequest import AlipayTradeCloseRequest  # noqa: E402
from alipay.aop.api.request.AlipayTradeFastpayRefundQueryRequest import AlipayTradeFastpayRefundQueryRequest  # noqa: E402
from alipay.aop.api.request.AlipayTradePagePayRequest import AlipayTradePagePayRequest  # noqa: E402
from alipay.aop.api.request.AlipayTradePrecreateRequest import AlipayTradePrecreateRequest  # noqa: E402
from alipay.aop.api.request.AlipayTradeQueryRequest import AlipayTradeQueryRequest  # noqa: E402
from alipay.aop.api.request.AlipayTradeRefundRequest import AlipayTradeRefundRequest  # noqa: E402
from alipay.aop.api.request.AlipayTradeWapPayRequest import AlipayTradeWapPayRequest  # noqa: E402
from alipay.aop.api.util.SignatureUtils import verify_with_rsa  # noqa: E402

BASE = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1"
RUN = str(time.time_ns())
APP = "2021" + RUN[-12:]
KEYS = json.loads((pathlib.Path(__file__).parent.parent / "fixtures" / "alipay.json").read_text())
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


def content_of(pem):
    return "".join(line for line in pem.splitlines() if not line.startswith("-"))


registered = control("PUT", f"/sandbox/alipay/apps/{APP}", {"public_key": KEYS["merchant_key"]["spki"]})
control("POST", f"/sandbox/merchants/ali{RUN}/behaviour", {"mode": "ok", "body": "success"})
config = AlipayClientConfig()
config.server_url = registered["gateway"]
config.app_id = APP
# The SDK adds the marks of PKCS#1 to what has none, and its library takes PKCS#1 only.
config.app_private_key = content_of(KEYS["merchant_key"]["pkcs1"])
config.alipay_public_key = content_of(registered["alipay_public_key"])
client = DefaultAlipayClient(config)


def ask(kind, content):
    request = kind()
    request.biz_content = content
    request.notify_url = f"{BASE}/merchant/ali{RUN}"
    return json.loads(client.execute(request))


def page(kind, content, method):
    request = kind()
    request.biz_content = content
    return client.page_execute(request, http_method=method)


def pay(number, body=None):
    return control("POST", f"/sandbox/alipay/trades/{number}/pay", body or {})


def offer(number, amount, **more):
    return {"out_trade_no": number, "total_amount": amount, "subject": "订单 A/B {1}", **more}


def told(number, status):
    """The newest notification of this trade and status: its fields."""
    for _ in range(100):
        for delivery in reversed(control("GET", f"/sandbox/merchants/ali{RUN}/deliveries")):
            fields = dict(urllib.parse.parse_qsl(delivery["body"], keep_blank_values=True))
            if (fields["out_trade_no"], fields["trade_status"]) == (number, status):
                return fields
        time.sleep(0.05)
    raise SystemExit(f"nobody told {status} of {number}")


def genuine(fields):
    signed = "&".join(f"{k}={v}" for k, v in sorted(fields.items()) if k not in ("sign", "sign_type"))
    try:
        return bool(verify_with_rsa(config.alipay_public_key, signed.encode(), fields["sign"]))
    except Exception:
        return False


one, two, three, four, five = (f"S{RUN}_{n}" for n in range(5))
offered = ask(AlipayTradePrecreateRequest, offer(one, "10.00", passback_params="p%3D1"))
check("precreate", offered["code"], "10000")
check("not scanned yet", ask(AlipayTradeQueryRequest, {"out_trade_no": one})["sub_code"], "ACQ.TRADE_NOT_EXIST")
urllib.request.urlopen(offered["qr_code"]).read()
check("scanned", ask(AlipayTradeQueryRequest, {"out_trade_no": one})["trade_status"], "WAIT_BUYER_PAY")
pay(one)
paid = ask(AlipayTradeQueryRequest, {"out_trade_no": one})
check("paid", (paid["trade_status"], paid["total_amount"]), ("TRADE_SUCCESS", "10.00"))
fields = told(one, "TRADE_SUCCESS")
check("notification verified", genuine(fields), True)
check("notification", (fields["total_amount"], fields["passback_params"], fields["app_id"]), ("10.00", "p%3D1", APP))
check("tampered notification", genuine({**fields, "total_amount": "99.00"}), False)
control("POST", f"/sandbox/alipay/trades/{one}/notify", {"fields": {"total_amount": "99.00", "trade_status": "LIE"}})
check("lying notification is signed", genuine(told(one, "LIE")), True)

back = {"out_trade_no": one, "refund_amount": "4.00", "out_request_no": "R1"}
first, again = ask(AlipayTradeRefundRequest, back), ask(AlipayTradeRefundRequest, back)
check("refunded", (first["fund_change"], first["refund_fee"]), ("Y", "4.00"))
check("refunded once", (again["code"], again["fund_change"]), ("10000", "N"))
over = ask(AlipayTradeRefundRequest, {**back, "refund_amount": "6.01", "out_request_no": "R2"})
check("over-refund", over["sub_code"], "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
asked = ask(AlipayTradeFastpayRefundQueryRequest, {"out_trade_no": one, "out_request_no": "R1"})
check("refund found", (asked["refund_status"], asked["refund_amount"]), ("REFUND_SUCCESS", "4.00"))
asked = ask(AlipayTradeFastpayRefundQueryRequest, {"out_trade_no": one, "out_request_no": "R9"})
check("refund not found", (asked["code"], "refund_status" in asked), ("10000", False))
time.sleep(0.1)
rest = ask(AlipayTradeRefundRequest, {**back, "refund_amount": "6.00", "out_request_no": "R2"})
check("refunded in full", (rest["fund_change"], rest["refund_fee"]), ("Y", "10.00"))
check("closed by it", "gmt_refund" in told(one, "TRADE_CLOSED"), True)

goods = offer(two, "1.00", product_code="FAST_INSTANT_TRADE_PAY")
link = page(AlipayTradePagePayRequest, goods, "GET")
entrance = urllib.request.urlopen(link).read().decode()
check("page by GET", f"/alipay/qr/{APP}/{two}" in entrance, True)
form = page(AlipayTradePagePayRequest, goods, "POST")
check("page by POST is a form", 'method="post"' in form, True)
wap = urllib.request.urlopen(page(AlipayTradeWapPayRequest, offer(three, "1.00", product_code="QUICK_WAP_WAY"), "GET"))
check("wap page", three in wap.read().decode(), True)
pay(three, {"outcome": "opened"})
check("closed", ask(AlipayTradeCloseRequest, {"out_trade_no": three})["code"], "10000")
check("closed twice", ask(AlipayTradeCloseRequest, {"out_trade_no": three})["sub_code"], "ACQ.TRADE_STATUS_ERROR")
pay(two)
check("cancel gives back", ask(AlipayTradeCancelRequest, {"out_trade_no": two})["action"], "refund")

app = AlipayTradeAppPayRequest()
app.biz_content = offer(four, "2.00", product_code="QUICK_MSECURITY_PAY")
done = control("POST", "/sandbox/alipay/app-pay", {"order": client.sdk_execute(app)})
check("paid in the app", (done["out_trade_no"], done["trade_status"]), (four, "TRADE_SUCCESS"))

route = "POST /alipay/gateway.do#alipay.trade.query"
for dial, code in (({"fault": "error", "code": "isp.unknow-error"}, "20000"), ({"fault": "rate_limit"}, "40005")):
    control("POST", "/sandbox/faults", {"route": route, "times": 1, "account": APP, **dial})
    check("dial " + dial["fault"], ask(AlipayTradeQueryRequest, {"out_trade_no": four})["code"], code)
config.app_id = "2021000000000404"
try:
    ask(AlipayTradeQueryRequest, {"out_trade_no": four})
    check("unknown app", "accepted", "refused")
except ResponseException as error:
    check("unknown app", "isv.invalid-app-id" in str(error), True)

print(f"{sum(CHECKS)} of {len(CHECKS)} as expected")
sys.exit(not all(CHECKS))
