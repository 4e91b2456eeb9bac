// What the programs of the clients for node have in common: sections chosen by
// the command line, and checks that end the program at the first difference.
import { isDeepStrictEqual, inspect } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';

const patienceMs = 10_000; // bounds every wait

class Difference extends Error {}

// address is that of the server under test.
export function address() {
  const addr = process.env.LARDER_ADDR;
  if (!addr) throw new Error("LARDER_ADDR is empty: set it to the server's host:port");
  const at = addr.lastIndexOf(':');
  return { host: addr.slice(0, at), port: Number(addr.slice(at + 1)) };
}

// main runs the sections that the command line names, all when it names none;
// prepare runs before each.
export async function main(prepare, sections) {
  const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(sections);
  for (const name of names) {
    if (!sections[name]) {
      console.error(`there is no section ${JSON.stringify(name)}`);
      process.exit(2);
    }
  }
  for (const name of names) {
    try {
      await prepare();
      await sections[name]();
    } catch (e) {
      const line = (e.stack.match(/(?:node-redis|ioredis)\.mjs:\d+/) ?? ['?'])[0];
      console.error(`${name}: ${line}: ${e instanceof Difference ? e.message : e.stack}`);
      process.exit(1);
    }
    console.log('ok', name);
  }
}

// plain makes an object of any prototype, a Map's entries included, comparable.
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return plain(Object.fromEntries(value));
  if (value && Object.getPrototypeOf(value) === null) value = { ...value };
  if (value && value.constructor === Object) {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
  }
  return value;
}

// answer waits for a reply and says, when it is an error, what it was for.
async function answer(what, reply) {
  try {
    return await reply;
  } catch (e) {
    throw new Difference(`${what}: ${e.message}`);
  }
}

// same requires a reply to be what is wanted, of the same types.
export async function same(what, reply, want) {
  const got = plain(await answer(what, reply));
  if (!isDeepStrictEqual(got, want)) {
    throw new Difference(`${what}: got ${inspect(got, { depth: 9 })}, want ${inspect(want, { depth: 9 })}`);
  }
}

// sameSet does not look at the order.
export async function sameSet(what, reply, want) {
  return same(what, [...await answer(what, reply)].sort(), [...want].sort());
}

export function truth(what, ok) {
  if (!ok) throw new Difference(`${what}: it is not so`);
}

// near requires a number, or its text, to differ by less than 1e-4.
export async function near(what, reply, want) {
  const got = Number(await answer(what, reply));
  if (!(Math.abs(got - want) < 1e-4)) throw new Difference(`${what}: got ${got}, want ${want}`);
}

// fails requires an error whose text begins so.
export async function fails(what, reply, prefix) {
  let got;
  try {
    got = await reply;
  } catch (e) {
    if (e.message.startsWith(prefix)) return;
    throw new Difference(`${what}: got error ${JSON.stringify(e.message)}, want ${JSON.stringify(prefix)}...`);
  }
  throw new Difference(`${what}: got ${inspect(got)}, want error ${JSON.stringify(prefix)}...`);
}

// eventually waits for a condition.
export async function eventually(what, condition) {
  for (const deadline = Date.now() + patienceMs; !(await condition()); await pause(2)) {
    if (Date.now() > deadline) throw new Difference(`after ${patienceMs} ms still not: ${what}`);
  }
}

// A queue of what arrives by callbacks.
export class Inbox {
  #items = [];
  push = (...item) => { this.#items.push(item); };
  async next(what) {
    await eventually(`${what} arrives`, () => this.#items.length > 0);
    return this.#items.shift();
  }
}
