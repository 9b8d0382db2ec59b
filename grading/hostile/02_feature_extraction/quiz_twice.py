# trick: gives several answers to a question, the right one among them
# reported: mended
# place: quiz-4
answer_4 = "A"
answer_4 = "C"
answer_4 = "B"
