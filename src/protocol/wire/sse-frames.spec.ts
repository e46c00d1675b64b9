import { isEventType } from './event-type';
import { eventFrame } from './sse-frames';

const unfit = ['', 'a b', 'a\nb', 'a\rb', 'a\u010ab', 'a\u00a0b', 'grün', 'x'.repeat(129)];

it('names an event whose type is printable ASCII', () => {
  expect(eventFrame('response.created', '{}')).toBe('event: response.created\ndata: {}\n\n');
  expect(isEventType('x'.repeat(128))).toBe(true);
});

it.each(unfit)('leaves a name out that could break its frame: %j', (type) => {
  eventFrame('response.created', '{}');
  for (const time of ['first', 'again']) expect([time, eventFrame(type, '{}')]).toEqual([time, 'data: {}\n\n']);
  expect(isEventType(type)).toBe(false);
});
