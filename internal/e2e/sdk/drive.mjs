// Drives the sandbox with PayPal's SDK, and prints what was called: one line of JSON with the operations called, and
// those that the SDK has and nobody called. Exits with 1 at the first thing that is not as it should be.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { randomUUID } from "node:crypto";

const paypal = createRequire(import.meta.url)("@paypal/paypal-server-sdk");
const base = process.env.PAYPAL_BASE;
const id = process.env.PAYPAL_CLIENT_ID, secret = process.env.PAYPAL_CLIENT_SECRET;

// The SDK knows PayPal's two addresses only. The controllers, that of the token included, take the builder of their
// requests from here; nothing else of the SDK is touched.
const factory = paypal.Client.prototype.getRequestBuilderFactory;
paypal.Client.prototype.getRequestBuilderFactory = function () {
  const build = factory.call(this);
  return (...args) => {
    const request = build(...args);
    request.interceptRequest((r) => ({ ...r, url: r.url.replace("https://api-m.sandbox.paypal.com", base) }));
    return request;
  };
};

const names = ["Orders", "Payments", "TransactionSearch", "Subscriptions"];
const called = new Set(), all = new Set();
for (const name of names) {
  for (const method of Object.getOwnPropertyNames(paypal[name + "Controller"].prototype)) {
    if (method !== "constructor") all.add(name + "." + method);
  }
}

// told is a controller of the SDK that notes which of its operations answered well.
function told(name, client) {
  return new Proxy(new paypal[name + "Controller"](client), {
    get(on, method) {
      const operation = on[method];
      if (!all.has(name + "." + method)) return operation;
      return async (...args) => {
        const answer = await operation.apply(on, args);
        called.add(name + "." + method);
        return answer;
      };
    },
  });
}

let orders, payments, search, subscriptions;
function connect() {
  const client = new paypal.Client({
    environment: paypal.Environment.Sandbox, timeout: 20000,
    clientCredentialsAuthCredentials: { oAuthClientId: id, oAuthClientSecret: secret },
  });
  [orders, payments, search, subscriptions] = names.map((name) => told(name, client));
}
connect();

// pass has time go by at PayPal, where every token runs out. The SDK looks at the machine's clock, and keeps its own.
async function pass(time) {
  await hook("/clock", { advance: time });
  connect();
}

// hook does what PayPal, a payer or time does.
async function hook(path, body) {
  const response = await fetch(base + "/sandbox" + path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}),
  });
  const text = await response.text();
  assert.ok(response.ok, path + ": " + text);
  return text ? JSON.parse(text) : {};
}

// refused expects the SDK's error for PayPal's refusal.
async function refused(promise, status, issue) {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof paypal.ApiError, String(error));
    assert.equal(error.statusCode, status);
    assert.ok(JSON.stringify(error.result).includes(issue), JSON.stringify(error.result));
    return true;
  });
}

const whole = "return=representation";
const eur = (value) => ({ currencyCode: "EUR", value });
const link = (answer, rel) => answer.links.find((l) => l.rel === rel)?.href ?? "";
const returning = { returnUrl: "https://example.org/return", cancelUrl: "https://example.org/cancel" };
const payer = { payer: { email: "robin@example.org", given_name: "Robin", surname: "Reader", country: "DE" } };

async function giveOnce() {
  const request = {
    body: {
      intent: paypal.CheckoutPaymentIntent.Capture,
      purchaseUnits: [{ referenceId: "default", customId: "gift-1", invoiceId: "K7M3-9QX2", amount: eur("25.00") }],
      paymentSource: { paypal: { experienceContext: { ...returning, userAction: "PAY_NOW" } } },
    },
    paypalRequestId: randomUUID(), prefer: whole,
  };
  const made = (await orders.createOrder(request)).result;
  assert.equal(made.status, "PAYER_ACTION_REQUIRED");
  assert.ok(link(made, "payer-action").startsWith(base));
  assert.equal((await orders.createOrder(request)).result.id, made.id, "the same request made another");
  await refused(orders.captureOrder({ id: made.id }), 422, "ORDER_NOT_APPROVED");
  await orders.patchOrder({
    id: made.id, body: [{ op: "replace", path: "/purchase_units/@reference_id=='default'/custom_id", value: "gift-2" }],
  });
  assert.equal((await orders.getOrder({ id: made.id })).result.purchaseUnits[0].customId, "gift-2");
  await hook("/orders/" + made.id + "/approve", payer);
  const done = (await orders.captureOrder({ id: made.id, paypalRequestId: randomUUID(), prefer: whole })).result;
  assert.equal(done.status, "COMPLETED");
  const capture = done.purchaseUnits[0].payments.captures[0];
  assert.equal(capture.status, "COMPLETED");
  assert.ok(capture.sellerReceivableBreakdown.paypalFee.value > 0);

  const read = (await payments.getCapturedPayment({ captureId: capture.id })).result;
  assert.deepEqual([read.amount.value, read.customId, read.invoiceId], ["25.00", "gift-2", "K7M3-9QX2"]);
  const refund = (await payments.refundCapturedPayment({
    captureId: capture.id, paypalRequestId: randomUUID(), prefer: whole, body: { amount: eur("10.00") },
  })).result;
  assert.equal(refund.status, "COMPLETED");
  assert.equal((await payments.getRefund({ refundId: refund.id })).result.amount.value, "10.00");
  await refused(payments.refundCapturedPayment({
    captureId: capture.id, body: { amount: eur("15.01") },
  }), 422, "REFUND_AMOUNT_EXCEEDED");
  await refused(orders.getOrder({ id: "00000000000000000" }), 404, "RESOURCE_NOT_FOUND");
  return { capture: capture.id, refund: refund.id };
}

// product makes what plans belong to. The SDK has no products.
async function product() {
  const token = await (await fetch(base + "/v1/oauth2/token", {
    method: "POST", body: "grant_type=client_credentials", headers: {
      Authorization: "Basic " + Buffer.from(id + ":" + secret).toString("base64"),
      "Content-Type": "application/x-www-form-urlencoded",
    },
  })).json();
  const response = await fetch(base + "/v1/catalogs/products", {
    method: "POST", body: JSON.stringify({ name: "The Paper", type: "SERVICE" }),
    headers: { Authorization: "Bearer " + token.access_token, "Content-Type": "application/json" },
  });
  const made = await response.json();
  assert.equal(response.status, 201, JSON.stringify(made));
  return made.id;
}

const price = (value) => ({ sequence: 1, totalCycles: 0, pricingScheme: { fixedPrice: eur(value) } });
const cycle = (unit, value) => ({
  ...price(value), frequency: { intervalUnit: unit, intervalCount: 1 }, tenureType: paypal.TenureType.Regular,
});
const override = (value) => ({ billingCycles: [price(value)] });

async function plans(productId) {
  const request = {
    prefer: whole, paypalRequestId: randomUUID(), body: {
      productId, name: "Monthly contribution to The Paper", billingCycles: [cycle("MONTH", "1.00")],
      paymentPreferences: { autoBillOutstanding: false, paymentFailureThreshold: 3 },
    },
  };
  const monthly = (await subscriptions.createBillingPlan(request)).result;
  assert.equal(monthly.status, "ACTIVE");
  assert.equal((await subscriptions.createBillingPlan(request)).result.id, monthly.id, "the same request made another");
  const yearly = (await subscriptions.createBillingPlan({
    ...request, paypalRequestId: randomUUID(), body: {
      ...request.body, name: "Yearly contribution to The Paper", billingCycles: [cycle("YEAR", "1.00")],
    },
  })).result;
  const listed = (await subscriptions.listBillingPlans({ productId, prefer: whole, totalRequired: true })).result;
  assert.deepEqual(listed.plans.map((p) => p.id).sort(), [monthly.id, yearly.id].sort());
  await subscriptions.deactivateBillingPlan(monthly.id);
  assert.equal((await subscriptions.getBillingPlan(monthly.id)).result.status, "INACTIVE");
  await refused(subscriptions.createSubscription({ body: { planId: monthly.id } }), 422, "PLAN_STATUS_INVALID");
  await subscriptions.activateBillingPlan(monthly.id);
  await subscriptions.patchBillingPlan({
    planId: monthly.id, id: monthly.id, body: [{ op: "replace", path: "/description", value: "From readers" }],
  });
  await subscriptions.updateBillingPlanPricingSchemes({
    id: yearly.id, body: { pricingSchemes: [{ billingCycleSequence: 1, pricingScheme: { fixedPrice: eur("2.00") } }] },
  });
  const now = (await subscriptions.getBillingPlan(monthly.id)).result;
  assert.deepEqual([now.status, now.description], ["ACTIVE", "From readers"]);
  assert.equal(now.paymentPreferences.autoBillOutstanding, false);
  return { monthly: monthly.id, yearly: yearly.id };
}

async function giveMonthly(plan) {
  const request = {
    prefer: whole, paypalRequestId: randomUUID(), body: {
      planId: plan.monthly, customId: "gift-3", plan: override("12.90"),
      applicationContext: {
        ...returning, brandName: "The Paper", shippingPreference: "NO_SHIPPING", userAction: "SUBSCRIBE_NOW",
      },
    },
  };
  const made = (await subscriptions.createSubscription(request)).result;
  assert.equal(made.status, "APPROVAL_PENDING");
  assert.ok(link(made, "approve").startsWith(base));
  assert.equal((await subscriptions.createSubscription(request)).result.id, made.id, "the same request made another");
  await hook("/subscriptions/" + made.id + "/approve", payer);
  const fields = "plan,last_failed_payment";
  const read = async () => (await subscriptions.getSubscription({ id: made.id, fields })).result;
  let now = await read();
  assert.deepEqual([now.status, now.customId, now.planOverridden], ["ACTIVE", "gift-3", true]);
  assert.equal(Number(now.plan.billingCycles[0].pricingScheme.fixedPrice.value), 12.9);
  assert.equal(now.billingInfo.cycleExecutions[0].cyclesCompleted, 1);
  await subscriptions.patchSubscription({
    id: made.id, body: [{
      op: "replace", path: "/plan/billing_cycles/@sequence==1/pricing_scheme/fixed_price",
      value: { currency_code: "EUR", value: "5.50" },
    }],
  });
  assert.equal(Number((await read()).plan.billingCycles[0].pricingScheme.fixedPrice.value), 5.5);
  const revised = (await subscriptions.reviseSubscription({
    id: made.id, body: { planId: plan.yearly, plan: override("60.00"), applicationContext: returning },
  })).result;
  assert.ok(link(revised, "approve").startsWith(base));
  await hook("/subscriptions/" + made.id + "/approve", payer);
  assert.equal((await read()).planId, plan.yearly);
  await subscriptions.suspendSubscription({ id: made.id, body: { reason: "a pause" } });
  assert.deepEqual([(await read()).status, (await read()).statusChangeNote], ["SUSPENDED", "a pause"]);
  await subscriptions.activateSubscription({ id: made.id, body: { reason: "back" } });
  assert.equal((await read()).status, "ACTIVE");
  const sale = await sales(made.id);
  await subscriptions.cancelSubscription({ id: made.id, body: { reason: "the end" } });
  now = await read();
  assert.deepEqual([now.status, now.billingInfo.nextBillingTime], ["CANCELLED", undefined]);
  await refused(subscriptions.cancelSubscription({
    id: made.id, body: { reason: "again" },
  }), 422, "SUBSCRIPTION_STATUS_INVALID");
  return sale;
}

// sales are what was charged: listed, read as captures, and what could not be charged is taken later.
async function sales(subscription) {
  const now = (await (await fetch(base + "/sandbox/clock")).json()).now;
  const listed = (await subscriptions.listSubscriptionTransactions({
    id: subscription, startTime: new Date(Date.parse(now) - 864e5).toISOString(),
    endTime: new Date(Date.parse(now) + 864e5).toISOString(),
  })).result;
  assert.equal(listed.transactions.length, 1);
  const { id: sale, status, amountWithBreakdown } = listed.transactions[0];
  assert.deepEqual([status, Number(amountWithBreakdown.grossAmount.value)], ["COMPLETED", 12.9]);
  assert.equal((await payments.getCapturedPayment({ captureId: sale })).result.amount.value, "12.90");
  const refund = (await payments.refundCapturedPayment({
    captureId: sale, prefer: whole, body: { amount: eur("2.90") },
  })).result;
  assert.equal((await payments.getRefund({ refundId: refund.id })).result.status, "COMPLETED");
  return sale;
}

// owing has a charge fail for good, and takes it once the payer can pay again.
async function owing(plan) {
  const made = (await subscriptions.createSubscription({
    prefer: whole, body: { planId: plan.monthly, plan: override("10.00"), applicationContext: returning },
  })).result;
  await hook("/subscriptions/" + made.id + "/approve", payer);
  await hook("/subscriptions/" + made.id + "/fail", { times: 3, reason_code: "PAYER_CANNOT_PAY" });
  await pass("1200h");
  const fields = "last_failed_payment";
  const read = async () => (await subscriptions.getSubscription({ id: made.id, fields })).result.billingInfo;
  let billing = await read();
  assert.equal(Number(billing.outstandingBalance.value), 10);
  assert.equal(billing.lastFailedPayment.reasonCode, "PAYER_CANNOT_PAY");
  await subscriptions.captureSubscription({
    id: made.id, paypalRequestId: randomUUID(),
    body: { note: "What was left", captureType: "OUTSTANDING_BALANCE", amount: eur("10.00") },
  });
  billing = await read();
  assert.equal(Number(billing.outstandingBalance.value), 0);
}

// statement is what the account's own record says of it all, three hours later.
async function statement(paid, began) {
  await pass("4h");
  const from = new Date(began - 36e5).toISOString(), to = new Date(began + 72e5).toISOString();
  const found = (await search.searchTransactions({
    startDate: from, endDate: to, fields: "transaction_info,payer_info", pageSize: 100, page: 1,
    balanceAffectingRecordsOnly: "Y",
  })).result;
  const code = (id) => found.transactionDetails.find((d) => d.transactionInfo.transactionId === id)?.transactionInfo;
  assert.equal(code(paid.capture).transactionEventCode, "T0006");
  assert.equal(code(paid.refund).transactionEventCode, "T1107");
  const sale = code(paid.sale);
  assert.deepEqual([sale.transactionEventCode, sale.paypalReferenceIdType], ["T0002", "SUB"]);
  const balances = (await search.searchBalances({ currencyCode: "ALL" })).result;
  assert.ok(balances.balances.some((b) => b.currency === "EUR"));
}

const began = Date.now();
const paid = await giveOnce();
const plan = await plans(await product());
paid.sale = await giveMonthly(plan);
await owing(plan);
await statement(paid, began);
console.log(JSON.stringify({ called: [...called].sort(), left: [...all].filter((o) => !called.has(o)).sort() }));
