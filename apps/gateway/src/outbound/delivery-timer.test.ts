import { formatId } from "@parley/models";
import { expect, it } from "vitest";
import { DeliveryTimer } from "./delivery-timer.ts";

const id = (seq: number) => formatId({ ms: 1_700_000_000_000, seq });
const pass = (upTo: number) => ({ subscribers: 1, publicFrames: 1, publicUpTo: id(upTo), ms: 1 });
const direct = { subscribers: 1, publicFrames: 0, publicUpTo: undefined, ms: 1 };

function start() {
  const delivered: number[] = [];
  return { delivered, timer: new DeliveryTimer((ms) => delivered.push(ms)) };
}

it("a message that is written after the log's answer counts until the pass that carries it has ended", () => {
  const { timer, delivered } = start();
  timer.accepted(true, id(5), 100);
  timer.flushed(pass(4), 110);
  timer.flushed(direct, 115);
  expect(delivered).toEqual([]);
  timer.flushed(pass(6), 120);
  timer.flushed(pass(7), 130);
  expect(delivered).toEqual([20]);
});

it("a message that was written before the log's answer counts until the first pass that carried it", () => {
  const { timer, delivered } = start();
  timer.flushed(pass(9), 90);
  timer.flushed(pass(4), 110);
  timer.flushed(pass(5), 120);
  timer.flushed(pass(6), 130);
  timer.accepted(true, id(5), 100);
  expect(delivered).toEqual([20]);
});

it("a private message counts until the direct writes after it came from the log", () => {
  const { timer, delivered } = start();
  timer.accepted(false, id(2), 100);
  timer.flushed(direct, 101);
  timer.receivedPrivate(id(1));
  timer.flushed(direct, 102);
  timer.flushed(pass(3), 103);
  timer.receivedPrivate(id(2));
  timer.flushed(direct, 104);
  expect(delivered).toEqual([4]);
});

it("only one message of a kind is measured at a time", () => {
  const { timer, delivered } = start();
  for (let seq = 1; seq <= 3; seq += 1) timer.accepted(true, id(seq), 100 + seq);
  timer.flushed(pass(3), 110);
  expect(delivered).toEqual([9]);
});
