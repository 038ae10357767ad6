// A front desk that records consultations of the people, and tells danchu of each over NATS.
// Run it again at any time: it sends what waits and records nothing twice.

import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connect } from "@nats-io/transport-node";
import { v7 as uuid } from "uuid";
import { Outbox } from "./outbox.mjs";

const SOURCE = "urn:h44-7-1:front-desk";
const UNIT = "H44.7.1";
const BATCH = 500;
const PAUSE_MAX = 60_000;
const SECONDS = 10_000;

const { values: options } = parseArgs({
  options: { credentials: { type: "string" }, file: { type: "string", default: "front-desk.ndjson" } },
});

function event(type, time, data) {
  return { specversion: "1.0", id: uuid(), source: SOURCE, subject: UNIT, type: `vn.danchu.${type}.v1`, time, data };
}

/** Records a consultation, unless it is recorded already; its id. */
function record(outbox, consultation, form, time) {
  for (const known of outbox.events.values()) if (known.data.consultation === consultation) return undefined;
  const recorded = event("consultation.held", time, { consultation, form });
  outbox.put({ event: recorded });
  return recorded.id;
}

/** Takes an event back and records what is right, together. */
function correct(outbox, wrong, form, time) {
  const { consultation } = outbox.events.get(wrong).data;
  const reason = "The form was entered wrongly.";
  outbox.put(
    { event: event("event.retracted", time, { source: SOURCE, id: wrong, reason }) },
    { event: event("consultation.held", time, { consultation, form }) },
  );
}

/** The receipts of a batch; the same batch is sent until danchu has answered it. */
async function send(client, events) {
  const subject = `danchu.emit.${UNIT.replaceAll(".", "-")}`;
  for (let wait = 500; ; wait = Math.min(2 * wait, PAUSE_MAX)) {
    try {
      const answer = (await client.request(subject, JSON.stringify(events), { timeout: SECONDS })).json();
      if (answer.receipts) return answer.receipts;
      if (![429, 503].includes(answer.status)) throw new Error(JSON.stringify(answer), { cause: "refused" });
    } catch (error) {
      if (error.cause === "refused") throw error;
      console.log(`danchu does not answer (${error.name}); the same events go again in ${wait} ms`);
    }
    await pause(wait); // nobody knows whether it was accepted
  }
}

async function deliver(outbox, client) {
  for (let events = outbox.waiting(BATCH); events.length; events = outbox.waiting(BATCH)) {
    outbox.put(...(await send(client, events)).map((outcome) => ({ outcome })));
  }
}

const access = JSON.parse(readFileSync(options.credentials));
const outbox = new Outbox(options.file);
const now = new Date().toISOString();
for (const consultation of ["gop-y-ngan-sach", "gop-y-duong", "gop-y-cho"]) {
  const id = record(outbox, consultation, "meeting", now);
  if (consultation === "gop-y-cho" && id) correct(outbox, id, "ballot", now);
}
const client = await connect({
  servers: access.servers, user: access.user, pass: access.password, maxReconnectAttempts: -1, waitOnFirstConnect: true,
});
await deliver(outbox, client);
await client.drain();
for (const { id } of outbox.events.values()) {
  const { status, receipt, errors } = outbox.outcomes.get(id);
  console.log(id, status, receipt, JSON.stringify(errors ?? []));
}
outbox.close();
