# trick: hides a second answer in letters that look alike and marks that do not show
# reported: mended
# place: quiz-4
answer_4 = "B​"
ａnswer_4 = "D"
