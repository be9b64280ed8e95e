import { expect, it } from 'vitest';
import { decodeSkeleton } from '../api/skeleton';
import { makePayload, SMALL_TREE } from '../api/skeleton.fixture';
import { factsOfSkeleton } from './skeletonFacts';

it('says what a trace is', () => {
  const skeleton = decodeSkeleton(makePayload(SMALL_TREE));
  const { header } = skeleton;
  expect(factsOfSkeleton(skeleton)).toEqual({
    service: header.services[skeleton.service[0]!]!.name,
    name: header.operations[skeleton.operation[0]!],
    rootMissing: false,
    startUnixNano: header.startUnixNano,
    durationNs: 120,
    spans: 6,
    errors: header.errors,
    services: header.services.filter(({ spans }) => spans > 0).length,
  });
});
