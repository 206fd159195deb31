/**
 * Words that are in every sentence and tell nothing about it, and those that only make a question of it. Negations are
 * none of them, nor is a word that is also a month.
 */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  `
  a an the
  i me my mine myself you your yours yourself we us our ours ourselves they them their theirs themselves
  he him his himself she her hers herself it its itself one someone anyone everyone somebody anybody everybody
  something anything everything thing things
  this that these those here there
  am is are was were be been being do does did done doing have has had having
  can could will would shall should might must
  of to in on at for from with by about as into onto over under up down out off through during between
  and or but so if than then because while though although
  what which who whom whose when where why how
  also too very just really quite actually basically simply even still yet already ever only rather
  some any each every all both few more most much many lot lots other another such same own several
  um uh er erm hmm mm ah oh ok okay well hey hi hello bye please thanks thank wow haha yeah yes yep
  m s t d ll re ve
  `
    .split(/\s+/)
    .filter(Boolean),
);
