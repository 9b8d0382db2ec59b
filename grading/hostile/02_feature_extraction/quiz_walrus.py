# trick: answers a question in passing
# reported: mended
# place: quiz-4
print(answer_4 := "B")
