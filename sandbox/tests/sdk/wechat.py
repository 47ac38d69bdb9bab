"""Drives a running sandbox with the Python SDK wechatpayv3, unchanged, in both key modes.

The SDK knows one host only: its requests are led to the sandbox below it, in the HTTP adapter.

Run: SANDBOX_SECOND_MS=1 cargo run -p sandbox
     pip install wechatpayv3 && python wechat.py http://127.0.0.1:12111
"""

import json
import sys
import time
import urllib.request

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from wechatpayv3 import WeChatPay, WeChatPayType

BASE = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:12111"
HOST = "https://api.mch.weixin.qq.com"
RUN = str(time.time_ns())[-10:]
APPID = "wx8888888888888888"
APIV3_KEY = "0123456789abcdef0123456789ABCDEF"
SERIAL = "3775B6A45ACD588826D15E583A95F5DD00000001"
CHECKS = []

real_send = requests.adapters.HTTPAdapter.send


def led_to_the_sandbox(adapter, request, **options):
    request.url = request.url.replace(HOST, BASE)
    return real_send(adapter, request, **options)


requests.adapters.HTTPAdapter.send = led_to_the_sandbox


def check(name, seen, expected):
    CHECKS.append(seen == expected)
    print("ok  " if seen == expected else "FAIL", name, "" if seen == expected else f"saw {seen!r}, expected {expected!r}")


def control(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(BASE + path, data=data, method=method, headers={"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def received(hooks, kind, count=1):
    """The newest callback of this type: its headers and body."""
    for _ in range(100):
        found = [d for d in control("GET", f"/sandbox/merchants/{hooks}/deliveries") if d["type"] == kind]
        if len(found) >= count:
            return found[-1]["headers"], found[-1]["body"]
        time.sleep(0.05)
    raise SystemExit(f"no callback of type {kind}")


def pem(key):
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def drive(mode, mchid):
    private, public = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    hooks = "wechat" + mchid
    told = control("PUT", f"/sandbox/wechat/merchants/{mchid}", {
        "appid": APPID, "serial_no": SERIAL, "public_key": public, "apiv3_key": APIV3_KEY, "key_mode": mode,
    })["wechat"]
    known = {"public_key": told["public_key"], "public_key_id": told["public_key_id"]} if mode == "public_key" else {}

    def client(key=private):
        return WeChatPay(wechatpay_type=WeChatPayType.NATIVE, mchid=mchid, private_key=key, cert_serial_no=SERIAL,
                         apiv3_key=APIV3_KEY, appid=APPID, notify_url=f"{BASE}/merchant/{hooks}", **known)

    def ask(call, *args, **kwargs):
        status, text = call(*args, **kwargs)
        return status, json.loads(text) if text else None

    def called(name, seen, expected):
        check(f"{mode}: {name}", seen, expected)

    pay = client()
    number = "T" + RUN + "1"
    status, placed = ask(pay.pay, description="Image形象店", out_trade_no=number, amount={"total": 8888})
    called("placed", (status, placed["code_url"][:15]), (200, "weixin://wxpay/"))
    called("placed again", ask(pay.pay, description="Image形象店", out_trade_no=number, amount={"total": 8888}), (200, placed))
    status, error = ask(pay.pay, description="Image形象店", out_trade_no=number, amount={"total": 1})
    called("other parameters", (status, error["code"]), (400, "INVALID_REQUEST"))
    status, trade = ask(pay.query, out_trade_no=number)
    called("not paid", (status, trade["trade_state"]), (200, "NOTPAY"))

    control("POST", "/sandbox/wechat/scan", {"code_url": placed["code_url"], "openid": "oPayer"})
    status, trade = ask(pay.query, out_trade_no=number)
    called("paid", (trade["trade_state"], trade["payer"]["openid"]), ("SUCCESS", "oPayer"))
    called("by its id", ask(pay.query, transaction_id=trade["transaction_id"]), (200, trade))
    headers, body = received(hooks, "TRANSACTION.SUCCESS")
    event = pay.callback(headers, body)
    called("told", (event["event_type"], event["resource"]), ("TRANSACTION.SUCCESS", trade))
    called("tampered", pay.callback(headers, body.replace("TRANSACTION", "TRANSACTIOM")), None)
    called("paid once", ask(pay.pay, description="x", out_trade_no=number, amount={"total": 8888})[1]["code"], "ORDER_PAID")
    called("closing what is paid", ask(pay.close, out_trade_no=number)[1]["code"], "ORDER_PAID")

    refund = {"total": 8888, "refund": 888, "currency": "CNY"}
    address = f"{BASE}/merchant/{hooks}"
    status, accepted = ask(pay.refund, out_refund_no="R" + number, amount=refund, out_trade_no=number, notify_url=address)
    called("refund accepted", (status, accepted["status"], accepted["amount"]["refund"]), (200, "PROCESSING", 888))
    event = pay.callback(*received(hooks, "REFUND.SUCCESS"))
    called("refund told", (event["resource"]["refund_status"], event["resource"]["out_refund_no"]), ("SUCCESS", "R" + number))
    status, shown = ask(pay.query_refund, out_refund_no="R" + number)
    called("refund queried", (status, shown["status"], shown["refund_id"]), (200, "SUCCESS", accepted["refund_id"]))
    called("refunded trade", ask(pay.query, out_trade_no=number)[1]["trade_state"], "REFUND")
    refund = {"total": 8888, "refund": 8001, "currency": "CNY"}
    status, error = ask(pay.refund, out_refund_no="S" + number, amount=refund, out_trade_no=number)
    called("over-refund", (status, error["code"]), (403, "NOT_ENOUGH"))

    number = "T" + RUN + "2"
    ask(pay.pay, description="x", out_trade_no=number, amount={"total": 1})
    called("closed", pay.close(out_trade_no=number)[0], 204)
    called("closed trade", ask(pay.query, out_trade_no=number)[1]["trade_state"], "CLOSED")
    called("no such trade", ask(pay.query, out_trade_no="T00000")[1]["code"], "ORDER_NOT_EXIST")

    number = "T" + RUN + "3"
    status, placed = ask(pay.pay, description="x", out_trade_no=number, amount={"total": 1}, payer={"openid": "oPayer"},
                         pay_type=WeChatPayType.JSAPI)
    package, sent = "prepay_id=" + placed["prepay_id"], str(int(time.time()))
    signature = pay.sign([APPID, sent, "N1", package])
    bridge = {"appId": APPID, "timeStamp": sent, "nonceStr": "N1", "package": package, "signType": "RSA", "paySign": signature}
    paid = control("POST", "/sandbox/wechat/jsapi-pay", bridge)
    called("paid in a page", (paid["err_msg"], paid["trade"]["trade_type"]), ("get_brand_wcpay_request:ok", "JSAPI"))
    scene = {"payer_client_ip": "14.23.150.211", "h5_info": {"type": "Wap"}}
    status, placed = ask(pay.pay, description="x", out_trade_no="T" + RUN + "4", amount={"total": 1}, scene_info=scene,
                         pay_type=WeChatPayType.H5)
    called("in a browser", (status, placed["h5_url"].startswith(BASE)), (200, True))
    status, placed = ask(pay.pay, description="x", out_trade_no="T" + RUN + "5", amount={"total": 1}, pay_type=WeChatPayType.APP)
    called("in an app", (status, placed["prepay_id"][:2]), (200, "wx"))

    control("POST", f"/sandbox/wechat/merchants/{mchid}/answers", {"signature": "forged", "times": 1})
    try:
        pay.query(out_trade_no=number)
        called("forged answer", "accepted", "refused")
    except Exception as error:
        called("forged answer", str(error), "failed to verify the signature")
    stranger, _ = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    if mode == "public_key":
        status, error = ask(client(stranger).query, out_trade_no=number)
        called("another key", (status, error["code"]), (401, "SIGN_ERROR"))
    else:
        status, shown = ask(pay._core.request, "/v3/certificates")
        called("certificates", (status, shown["data"][0]["serial_no"]), (200, told["certificate_serial"]))
    probes = control("POST", f"/sandbox/wechat/merchants/{mchid}/probe", {"url": f"{BASE}/merchant/{hooks}"})
    probe = control("GET", f"/sandbox/merchants/{hooks}/deliveries")[-1]
    called("probe sent", (probes[0]["status"], probe["payload"]["id"]), (200, probes[0]["event"]))
    called("probe refused", pay.callback(probe["headers"], probe["body"]), None)


drive("public_key", "19" + RUN[-8:])
drive("certificate", "18" + RUN[-8:])
print(f"{sum(CHECKS)} of {len(CHECKS)} as expected")
sys.exit(not all(CHECKS))
