// Drives a running sandbox with Stripe's official Node SDK, unchanged.
//
// Run: npm i stripe && node check.mjs http://127.0.0.1:12111
import Stripe from 'stripe';

const base = new URL(process.argv[2] ?? 'http://127.0.0.1:12111');
const run = String(Date.now());
const key = `sk_test_node${run}`;
const stripe = new Stripe(key, {
  protocol: 'http', host: base.hostname, port: base.port, maxNetworkRetries: 2, telemetry: false,
});
let passed = 0;
let total = 0;

function check(name, seen, expected) {
  const same = JSON.stringify(seen) === JSON.stringify(expected);
  total += 1;
  passed += same ? 1 : 0;
  console.log(same ? 'ok  ' : 'FAIL', name, same ? '' : `saw ${JSON.stringify(seen)}, expected ${JSON.stringify(expected)}`);
}

async function control(method, path, body) {
  const answer = await fetch(new URL(path, base), {
    method, body: body && JSON.stringify(body), headers: { 'content-type': 'application/json' },
  });
  return answer.json();
}

async function refusal(call) {
  try {
    await call;
    return {};
  } catch (error) {
    return error;
  }
}

const hooks = await stripe.webhookEndpoints.create({ url: `${base.origin}/merchant/hooks${run}`, enabled_events: ['*'] });
const wanted = { amount: 2000, currency: 'usd', metadata: { payment_id: 'p1' }, automatic_payment_methods: { enabled: true } };
const intent = await stripe.paymentIntents.create(wanted, { idempotencyKey: 'create-1' });
check('created', intent.status, 'requires_payment_method');
const again = await stripe.paymentIntents.create(wanted, { idempotencyKey: 'create-1' });
check('replayed', [again.id, again.lastResponse.headers['idempotent-replayed']], [intent.id, 'true']);
const other = await refusal(stripe.paymentIntents.create({ ...wanted, amount: 2001 }, { idempotencyKey: 'create-1' }));
check('other parameters', other.type, 'StripeIdempotencyError');
check('retrieved', (await stripe.paymentIntents.retrieve(intent.id)).metadata.payment_id, 'p1');

const declined = await refusal(stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa_chargeDeclined' }));
check('declined', [declined.type, declined.code, declined.decline_code], ['StripeCardError', 'card_declined', 'generic_decline']);
check('declined intent', declined.payment_intent?.status, 'requires_payment_method');
const paid = await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa', expand: ['latest_charge'] });
check('paid by a second card', [paid.status, paid.latest_charge.paid], ['succeeded', true]);

const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 500 });
check('refunded', [refund.status, refund.amount], ['succeeded', 500]);
check('over-refund', (await refusal(stripe.refunds.create({ payment_intent: intent.id, amount: 1501 }))).statusCode, 400);

const action = await stripe.paymentIntents.create({
  amount: 1000, currency: 'eur', payment_method: 'pm_card_authenticationRequired', confirm: true, return_url: 'https://shop.example/back',
});
check('requires action', [action.status, action.next_action.type], ['requires_action', 'redirect_to_url']);
const canceled = await stripe.paymentIntents.cancel(action.id);
check('canceled', canceled.status, 'canceled');
const late = await refusal(stripe.paymentIntents.confirm(action.id, { payment_method: 'pm_card_visa' }));
check('confirm after cancel', late.code, 'payment_intent_unexpected_state');

const alipay = await stripe.paymentIntents.create({
  amount: 1000, currency: 'usd', allowed_payment_method_types: ['alipay'], payment_method_data: { type: 'alipay' }, confirm: true,
  return_url: 'https://shop.example/back',
});
check('alipay', alipay.next_action.type, 'alipay_handle_redirect');
const seller = { stripeAccount: `acct_seller${run}` };
const theirs = await stripe.paymentIntents.create({ amount: 1000, currency: 'usd', payment_method: 'pm_card_visa', confirm: true }, seller);
check('connected account', (await stripe.paymentIntents.retrieve(theirs.id, {}, seller)).status, 'succeeded');
check('accounts apart', (await refusal(stripe.paymentIntents.retrieve(theirs.id))).code, 'resource_missing');

for (let n = 0; n < 25; n += 1) await stripe.paymentIntents.create({ amount: 1000 + n, currency: 'usd' });
const listed = await stripe.paymentIntents.list({ limit: 10 }).autoPagingToArray({ limit: 1000 });
check('auto-pagination', [listed.length, new Set(listed.map((p) => p.id)).size], [28, 28]);

await control('POST', '/sandbox/faults', { route: 'POST /v1/payment_intents', fault: 'reset_before', times: 2, account: key });
check('retried by the SDK', (await stripe.paymentIntents.create({ amount: 900, currency: 'usd' })).amount, 900);

let callback;
for (let n = 0; n < 100 && !callback; n += 1) {
  const deliveries = await control('GET', `/sandbox/merchants/hooks${run}/deliveries`);
  callback = deliveries.find((delivery) => delivery.type === 'payment_intent.succeeded');
  if (!callback) await new Promise((resolve) => setTimeout(resolve, 50));
}
const header = callback.headers['stripe-signature'];
const event = stripe.webhooks.constructEvent(callback.body, header, hooks.secret);
check('callback verified', [event.type, event.data.object.id], ['payment_intent.succeeded', intent.id]);
let tampered = 'accepted';
try {
  stripe.webhooks.constructEvent(callback.body.replace('2000', '9999'), header, hooks.secret);
} catch (error) {
  tampered = error.type;
}
check('tampered callback', tampered, 'StripeSignatureVerificationError');
check('event retrieved', (await stripe.events.retrieve(event.id)).id, event.id);

console.log(`${passed} of ${total} as expected`);
process.exit(passed === total ? 0 : 1);
