// The line to the kernel: what a person asks for bears a ticket, which comes back once that is done.

import type { Wish } from "./messages";

export type News = "busy" | "silent" | "served";

const BUSY_MS = 1000; // without its ticket back, before a wish counts as waiting
const SILENT_MS = 6000; // without any message

/** post(message) may throw; told(news): a wish waits, nothing comes at all, all wishes are served again. */
export function lineToKernel(post: (message: unknown) => void, told: (news: News) => void) {
  const mine = Math.random().toString(36).slice(2); // of several views of one panel, this one
  let pending: string[] = [];
  let count = 0;
  let busy: ReturnType<typeof setTimeout> | undefined;
  let silent: ReturnType<typeof setTimeout> | undefined;

  function send(wish: Wish) {
    try {
      if (wish.do === "point" || wish.do === "seen") return post(wish);
      silent ??= setTimeout(told, SILENT_MS, "silent");
      if (wish.do === "hello") return post(wish);
      count += 1;
      pending.push(`${mine}.${count}`);
      busy ??= setTimeout(told, BUSY_MS, "busy");
      post({ ...wish, ticket: pending.at(-1) });
    } catch {
      told("silent");
    }
  }
  /** Any message has come. */
  function heard() {
    clearTimeout(silent);
    silent = undefined;
  }
  function served(ticket: string) {
    const place = pending.indexOf(ticket);
    if (place < 0) return; // another view's
    pending = pending.slice(place + 1);
    clearTimeout(busy);
    busy = pending.length ? setTimeout(told, BUSY_MS, "busy") : undefined;
    if (!pending.length) told("served");
  }
  function end() {
    clearTimeout(busy);
    clearTimeout(silent);
  }
  return { send, heard, served, end, waits: () => pending.length > 0 };
}
