# read-textgrid.praat - prints what Praat makes of a TextGrid: for each tier its name and number of intervals, then start,
# end and label of each interval, with tabs between.
#
#     praat --utf8 --run read-textgrid.praat FILE
#
# SPDX-License-Identifier: LGPL-2.1-or-later
form Print a TextGrid
  sentence File talk.TextGrid
endform
Read from file: file$
start = Get start time
end = Get end time
writeInfoLine: fixed$ (start, 9), tab$, fixed$ (end, 9)
tiers = Get number of tiers
for t to tiers
  name$ = Get tier name: t
  intervals = Get number of intervals: t
  appendInfoLine: name$, tab$, intervals
  for i to intervals
    begin = Get start time of interval: t, i
    finish = Get end time of interval: t, i
    label$ = Get label of interval: t, i
    appendInfoLine: fixed$ (begin, 9), tab$, fixed$ (finish, 9), tab$, label$
  endfor
endfor
