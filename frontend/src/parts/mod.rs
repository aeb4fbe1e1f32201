//! Pieces that several screens are made of.
//!
//! `data-testid` attributes, for the browser tests:
//!
//! | id | where |
//! |---|---|
//! | `sign-in-name`, `sign-in-submit`, `sign-in-message` | sign-in page |
//! | `link-status` | live pill; `data-status` is `open`, `connecting`, `waiting` or `outdated` |
//! | `theme-toggle`, `palette`, `palette-input`, `palette-option`, `toast`, `undo` | everywhere |
//! | `key-sheet`, `key-search`, `key-line`, `key-change`, `key-reset`, `keys-reset-all`, `key-refused`, `key-clash`, `key-swap` | the keys; `data-key` on lines |
//! | `more`, `more-places` | the bar at the bottom |
//! | `tour`, `tour-next`, `tour-back`, `tour-skip`, `tour-leave`, `tour-go`, `tour-offer`, `tour-start`, `tour-no` | tour; `data-step` on `tour`, from 0 |
//! | `waiting` | bar and sign-in page, while changes wait to be sent |
//! | `upload-input`, `upload-item`, `video-row` | videos |
//! | `run-row`, `new-run-link` | runs; `data-run` is the id |
//! | `preset-NAME`, `field-KEY`, `error-KEY`, `run-name`, `mixture-row`, `mixture-dials`, `change-NAME`, `start-run`, `diff`, `takes-coming`, `takes-memory`, `takes-time`, `preview-sample` | new run |
//! | `run-state`, `run-step`, `control-pause`, `control-resume`, `control-stop`, `control-checkpoint` | run; `data-state` is the run state's name |
//! | `tile-NAME`, `chart-NAME`, `feed-item`, `event-log`, `evaluation-set`, `evaluation-row` | run; `data-step` and `data-group` on feed items, `data-set` on sets; on a chart's `.plot` `data-range`, `data-points`, on its `.legend` `data-step` |
//! | `scrub`, `follow`, `timeline-mark`, `zoom-reset`, `smoothing` | run; `data-kind` and `data-step` on marks |
//! | `feed-task`, `feed-flag`, `feed-least`, `feed-most`, `feed-text`, `feed-clear`, `feed-more` | run's feed |
//! | `request-row`, `edit-open`, `edit-rate`, `edit-rate-send`, `edit-weight`, `edit-mixture-send`, `edit-row`, `alert`, `alert-dismiss` | run; `data-state` on requests and edits is `asked` or `done` |
//! | `run-filter`, `run-sort-KEY`, `run-pick`, `run-compare`, `run-fork`, `run-archive`, `runs-archived`, `runs-count` | runs |
//! | `player`, `clip`, `frame` | group; `data-slot` on `frame` |
//! | `lane-truth` | group and review; `data-start-slot`, `data-end-slot` where there is a span |
//! | `lane-rollout-N`, `span-rollout-N` | N from 0; spans carry `data-start-slot`, `data-end-slot` |
//! | `lane-disagreement`, `lane-people` | group and review |
//! | `timeline`, `minimap`, `lane-dependence`, `advantage-N` | group and Task studio; the bar while a part of the strip is shown |
//! | `source-view`, `source`, `show-policy`, `show-beside`, `show-source` | player; `data-showing` on `player` |
//! | `rollout-reward`, `rollout-advantage`, `rollout-answer`, `count-table` | inspector |
//! | `tokens`, `token`, `measure-NAME`, `legend`, `unmeasured` | inspector; `data-rollout` on `tokens`, class `lit` on tokens that a lane lights |
//! | `replay`, `replay-box`, `replay-cancel`, `replay-verdict`, `diff-stored`, `diff-now` | inspector; `data-verdict` |
//! | `whatif`, `whatif-MODE`, `whatif-rule`, `whatif-group`, `whatif-run`, `whatif-took`, `whatif-back` | inspector; `data-answers`, `data-flips`, `data-rewards`, `data-ms` |
//! | `copy-link` | bar of the group page |
//! | `tag-KIND`, `note`, `label-submit`, `label-submit-next`, `label-state`, `saved-state`, `draft-notice` | inspector; KIND is the tag's name |
//! | `studio`, `sample` | Task studio; `data-busy`, `data-seed` |
//! | `video-choice`, `other-video`, `task-KIND`, `main-dial`, `preset-NAME`, `dial-KEY`, `dial-KEY-N`, `reset-KEY`, `seed`, `another` | its settings, `dial-` also in the mixture editor; `data-video` on choices |
//! | `question`, `unanswerable`, `answer`, `set-start`, `set-end`, `score`, `show-truth`, `earned-MODE`, `account`, `true-answer`, `lane-mine`, `span-mine` | its answer |
//! | `refused`, `dials-problem`, `video-problem`, `other-problem` | settings that give no sample |
//! | `history`, `tried`, `my-mean`, `floor`, `audit`, `begin-audit`, `audit-ruling` | this sitting; the generator's audit |
//! | `failure-row`, `filter-state`, `filter-tag`, `filter-task` | failures |
//! | `review-item`, `review-accept`, `review-changes`, `review-comment`, `label-state` | review |
//! | `compare`, `pick-a`, `at-a`, `swap`, `config-diff`, `diff-row`, `same-config`, `all-fields`, `curves`, `curve-NAME` | compare; `-b` too; `data-key` on rows |
//! | `paired`, `unpaired`, `verdict`, `mean-a`, `difference`, `tally`, `forest`, `forest-row`, `pairs`, `pair` | its frozen questions |
//! | `health`, `problem`, `all-well`, `worker-row`, `queue-row`, `devices`, `device-row`, `storage-row` | health |
//! | `person-row`, `invite-role`, `invite-create`, `invite-link` | team |
//! | `fault`, `empty`, `skeleton` | any screen that failed, is empty, or loads |

pub mod atlas;
pub mod bits;
pub mod chart;
pub mod dialog;
pub mod dials;
pub mod draft;
pub mod frames;
pub mod inspector;
pub mod key_sheet;
pub mod keycap;
pub mod lanes;
pub mod lanes_counting;
pub mod lanes_jigsaw;
pub mod marks;
pub mod minimap;
pub mod news;
pub mod palette;
pub mod player;
pub mod plot;
pub mod rail;
pub mod replay;
pub mod scene;
pub mod shell;
pub mod source;
pub mod stage;
pub mod states;
pub mod tagging;
pub mod tokens;
pub mod tour;
pub mod tour_offer;
pub mod track;
pub mod undo_label;
pub mod whatif;
pub mod windowed;
