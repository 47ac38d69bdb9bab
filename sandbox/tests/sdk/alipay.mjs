// Drives a running sandbox with the official Node SDK, unchanged.
// Run: npm i alipay-sdk && node alipay.mjs http://127.0.0.1:12111

import { readFileSync } from 'node:fs';
import { AlipaySdk } from 'alipay-sdk';

const base = process.argv[2] ?? 'http://127.0.0.1:12111';
const run = String(Date.now());
const appId = '2021' + run.slice(-12);
const keys = JSON.parse(readFileSync(new URL('../fixtures/alipay.json', import.meta.url)));
const checks = [];

function check(name, seen, expected) {
  const same = JSON.stringify(seen) === JSON.stringify(expected);
  checks.push(same);
  console.log(same ? 'ok  ' : 'FAIL', name, same ? '' : `saw ${JSON.stringify(seen)}, expected ${JSON.stringify(expected)}`);
}

async function control(method, path, body) {
  const answer = await fetch(base + path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  return text ? JSON.parse(text) : null;
}

const hooks = `${base}/merchant/node${run}`;
const registered = await control('PUT', `/sandbox/alipay/apps/${appId}`, { public_key: keys.merchant_key.spki });
await control('POST', `/sandbox/merchants/node${run}/behaviour`, { mode: 'ok', body: 'success' });
const sdk = new AlipaySdk({
  appId,
  privateKey: keys.merchant_key.pkcs8,
  keyType: 'PKCS8',
  alipayPublicKey: registered.alipay_public_key,
  gateway: registered.gateway,
});
const ask = (method, bizContent) => sdk.exec(method, { notifyUrl: hooks, bizContent }, { validateSign: true });

const one = `N${run}_1`;
const two = `N${run}_2`;
const offered = await ask('alipay.trade.precreate', { out_trade_no: one, total_amount: '8.88', subject: '订单/1' });
check('precreate', offered.code, '10000');
check('not scanned yet', (await ask('alipay.trade.query', { out_trade_no: one })).subCode, 'ACQ.TRADE_NOT_EXIST');
await control('POST', `/sandbox/alipay/trades/${one}/pay`, {});
const paid = await ask('alipay.trade.query', { out_trade_no: one });
check('paid', [paid.tradeStatus, paid.totalAmount], ['TRADE_SUCCESS', '8.88']);

let deliveries = [];
for (let n = 0; n < 100 && deliveries.length === 0; n += 1) {
  deliveries = await control('GET', `/sandbox/merchants/node${run}/deliveries`);
  await new Promise((done) => setTimeout(done, 50));
}
const told = Object.fromEntries(new URLSearchParams(deliveries[0].body));
check('notification verified', sdk.checkNotifySignV2({ ...told }), true);
check('tampered notification', sdk.checkNotifySignV2({ ...told, total_amount: '9.99' }), false);

const refund = { out_trade_no: one, refund_amount: '8.88', out_request_no: 'R1' };
check('refunded', (await ask('alipay.trade.refund', refund)).fundChange, 'Y');
check('refunded once', (await ask('alipay.trade.refund', refund)).fundChange, 'N');
const found = await ask('alipay.trade.fastpay.refund.query', { out_trade_no: one, out_request_no: 'R1' });
check('refund found', found.refundStatus, 'REFUND_SUCCESS');
check('closed by it', (await ask('alipay.trade.query', { out_trade_no: one })).tradeStatus, 'TRADE_CLOSED');

const goods = { out_trade_no: two, total_amount: '1.00', subject: 's', product_code: 'FAST_INSTANT_TRADE_PAY' };
const link = sdk.pageExecute('alipay.trade.page.pay', 'GET', { bizContent: goods });
check('page', (await (await fetch(link)).text()).includes(`/alipay/qr/${appId}/${two}`), true);
await control('POST', `/sandbox/alipay/trades/${two}/pay`, { outcome: 'opened' });
check('closed', (await ask('alipay.trade.close', { out_trade_no: two })).code, '10000');
const order = sdk.sdkExecute('alipay.trade.app.pay', {
  bizContent: { out_trade_no: `N${run}_3`, total_amount: '2.00', subject: 's', product_code: 'QUICK_MSECURITY_PAY' },
});
check('paid in the app', (await control('POST', '/sandbox/alipay/app-pay', { order })).trade_status, 'TRADE_SUCCESS');

console.log(`${checks.filter(Boolean).length} of ${checks.length} as expected`);
process.exit(checks.every(Boolean) ? 0 : 1);
