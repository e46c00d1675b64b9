import { endAtSignals } from './end-by-signal';

// For its effect, and before anything else: what the program is made of takes most of a second to load.
endAtSignals();
