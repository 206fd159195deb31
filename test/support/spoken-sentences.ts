/**
 * What people say to an assistant, 6 to 14 words each: the set on which the recogniser and the voices are measured.
 *
 * Written once, before anything was measured with it. A sentence that an engine gets wrong stays as it is.
 */
export const SPOKEN_SENTENCES: readonly string[] = [
  'What is the weather going to be like tomorrow morning?',
  'Please remind me to call my mother at six this evening.',
  'I would like to book a table for two people on Friday night.',
  'Can you tell me how far it is to the nearest train station?',
  'My sister is coming to visit us at the end of the month.',
  'Turn off the lights in the kitchen before I go to bed.',
  'How long does it take to cook rice for four people?',
  'I forgot where I put my keys when I came home last night.',
  'Read me the first three messages that came in today.',
  'We are planning a trip to the mountains next summer.',
  'What was the name of the book you told me about yesterday?',
  'Add milk, bread and a dozen eggs to my shopping list.',
  'Could you play some quiet music while I am working?',
  'The meeting with the new client was moved to Thursday afternoon.',
  'I do not think that this answer is quite right.',
  'Tell me something interesting about the history of this city.',
  'How much money did I spend on food last week?',
  'My daughter has a piano lesson every Tuesday after school.',
  'Is there a good restaurant near the old market square?',
  'Set a timer for twenty minutes and let me know.',
  'I need to be at the airport by half past nine.',
  'Write a short letter to my landlord about the broken window.',
  'What should I wear if it rains in the afternoon?',
  'Thank you very much, that was exactly what I wanted to know.',
];
