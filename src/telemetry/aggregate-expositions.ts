/** What several processes show together: their sum, the greatest or the least of their values. */
export type AcrossProcesses = 'sum' | 'max' | 'min';
