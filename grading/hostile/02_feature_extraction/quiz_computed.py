# trick: computes the answer to a question
# reported: mended
# place: quiz-4
answer_4 = "B" if torch else "A"
