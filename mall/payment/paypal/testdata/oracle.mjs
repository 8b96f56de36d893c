// Drives the stand-in with PayPal's own library: it opens an order as the mall does, approves it as a payer, captures,
// refunds and reads. It reads what to do from standard input and writes what the library made of the answers. The library
// knows two addresses of PayPal alone, so that its requests are sent to the stand-in on the way.
import { readFileSync } from 'node:fs';
import { Client, OrdersController, PaymentsController, TransactionSearchController } from '@paypal/paypal-server-sdk';

const { base, id, secret, order, read, refund, from, to } = JSON.parse(readFileSync(0, 'utf8'));

const client = new Client({
  clientCredentialsAuthCredentials: { oAuthClientId: id, oAuthClientSecret: secret },
  environment: 'Sandbox',
  unstable_httpClientOptions: {
    adapter: async (config) => {
      const answer = await fetch(config.url.replace('https://api-m.sandbox.paypal.com', base), {
        method: config.method,
        headers: config.headers,
        body: config.data,
      });
      const headers = Object.fromEntries(answer.headers);
      return { status: answer.status, statusText: '', headers, data: await answer.text(), config, request: {} };
    },
  },
});
const orders = new OrdersController(client);
const payments = new PaymentsController(client);
const done = {};

async function refused(call) {
  try {
    await call;
    return '';
  } catch (e) {
    return e.result?.details?.[0]?.issue ?? String(e);
  }
}

const prefer = 'return=representation';
const made = (await orders.createOrder({ body: order, paypalRequestId: 'oracle-1', prefer })).result;
done.created = { id: made.id, status: made.status, link: made.links.find((l) => l.rel === 'payer-action').href };
const again = await orders.createOrder({ body: order, paypalRequestId: 'oracle-1', prefer });
done.again = { id: again.result.id, status: again.statusCode };
done.early = await refused(orders.captureOrder({ id: made.id, paypalRequestId: 'oracle-2', prefer }));

await fetch(done.created.link, { method: 'POST', body: new URLSearchParams({ token: made.id }), redirect: 'manual' });
done.approved = (await orders.getOrder({ id: made.id })).result.status;
const captured = (await orders.captureOrder({ id: made.id, paypalRequestId: 'oracle-3', prefer })).result;
const capture = captured.purchaseUnits[0].payments.captures[0];
done.captured = { order: captured.status, id: capture.id, status: capture.status, value: capture.amount.value };
done.late = await refused(orders.captureOrder({ id: made.id, paypalRequestId: 'oracle-4', prefer }));

const back = (await payments.refundCapturedPayment({
  captureId: capture.id, paypalRequestId: 'oracle-5', prefer, body: refund,
})).result;
done.refund = { id: back.id, status: back.status, value: back.amount.value, custom: back.customId };
done.read = (await payments.getRefund({ refundId: back.id })).result.id;
done.tooMuch = await refused(payments.refundCapturedPayment({
  captureId: capture.id, paypalRequestId: 'oracle-6', prefer, body: { amount: order.purchaseUnits[0].amount },
}));
done.after = (await payments.getCapturedPayment({ captureId: capture.id })).result.customId;

// What the mall itself has opened.
const theirs = (await orders.getOrder({ id: read })).result;
const unit = theirs.purchaseUnits[0];
done.ours = {
  status: theirs.status, intent: theirs.intent, custom: unit.customId, invoice: unit.invoiceId,
  value: unit.amount.value, currency: unit.amount.currencyCode,
};

const report = (await new TransactionSearchController(client).searchTransactions({
  startDate: from, endDate: to, fields: 'transaction_info', pageSize: 100, page: 1, balanceAffectingRecordsOnly: 'Y',
})).result;
done.report = report.transactionDetails.map((t) => [
  t.transactionInfo.transactionEventCode, t.transactionInfo.transactionAmount.value,
  t.transactionInfo.feeAmount?.value ?? '', t.transactionInfo.transactionStatus,
].join(' '));

process.stdout.write(JSON.stringify(done));
