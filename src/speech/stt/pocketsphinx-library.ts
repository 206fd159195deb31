import koffi, { type LibraryHandle } from 'koffi';
import { messageOf } from '../../errors.ts';

const POCKETSPHINX = ['libpocketsphinx.so.3', 'libpocketsphinx.3.dylib'];
const SPHINXBASE = ['libsphinxbase.so.3', 'libsphinxbase.3.dylib'];

/** Loads the two libraries of PocketSphinx 5prealpha; throws with what the system says when they are not there. */
export function loadPocketSphinx() {
  const sphinx = loadFirst(POCKETSPHINX);
  const base = loadFirst(SPHINXBASE);
  return {
    arguments: sphinx.func('void *ps_args()'),
    parse: base.func('void *cmd_ln_parse_r(void *, void *, int, const char **, int)'),
    init: sphinx.func('void *ps_init(void *)'),
    startStream: sphinx.func('int ps_start_stream(void *)'),
    startUtterance: sphinx.func('int ps_start_utt(void *)'),
    process: sphinx.func('int ps_process_raw(void *, const int16_t *, size_t, int, int)'),
    endUtterance: sphinx.func('int ps_end_utt(void *)'),
    hypothesis: sphinx.func('const char *ps_get_hyp(void *, void *)'),
    firstSegment: sphinx.func('void *ps_seg_iter(void *)'),
    nextSegment: sphinx.func('void *ps_seg_next(void *)'),
    segmentWord: sphinx.func('const char *ps_seg_word(void *)'),
    segmentFrames: sphinx.func('void ps_seg_frames(void *, _Out_ int *, _Out_ int *)'),
    features: sphinx.func('void *ps_get_feat(void *)'),
    setMean: base.func('void cmn_live_set(void *, const float *)'),
  };
}

export type PocketSphinxLibrary = ReturnType<typeof loadPocketSphinx>;

function loadFirst(names: readonly string[]): LibraryHandle {
  const reasons: string[] = [];
  for (const name of names) {
    try {
      return koffi.load(name);
    } catch (error) {
      reasons.push(messageOf(error));
    }
  }
  throw new Error(reasons[0]);
}
