// Signs and verifies events with Stripe's own library. It reads a list of jobs from standard input and writes the list
// of their results.
import { readFileSync } from 'node:fs';
import Stripe from 'stripe';

const { webhooks } = new Stripe('sk_test_oracle');

function run(job) {
  const { payload, header, secret, timestamp, scheme, receivedAt } = job;
  if (job.do === 'sign') return { header: webhooks.generateTestHeaderString({ payload, secret, timestamp, scheme }) };
  try {
    const event = webhooks.constructEvent(payload, header, secret, 300, undefined, receivedAt * 1000);
    return { type: event.type, id: event.id };
  } catch (e) {
    return { error: e.message };
  }
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(run)));
