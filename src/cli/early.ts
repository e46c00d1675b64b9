import { endAtSignals } from './end-by-signal';
import { keepTickShape } from './tick-shape';

// For their effect, and before anything else: what the program is made of takes most of a second to load.
endAtSignals();
keepTickShape();
