# expected: points and the bank disagree

# %% [markdown] lang="en"
# # Title of 2 parts
#
# See `code` and [a link](https://example.org/a).

# %% [markdown] lang="ru"
# # Название из 2 частей
#
# См. `code` и [ссылку](https://example.org/a).

# %% exercise="freeze"
def freeze(model):
    ### BEGIN SOLUTION
    return model.requires_grad_(False).eval()
    ### END SOLUTION


# %% check="freeze" points=2
check("freeze", freeze)

# %% quiz=1
answer_1 = ""  # @param ["", "A", "B", "C", "D"]
quiz(1, answer_1)

# %% quiz=2
answer_2 = ""  # @param ["", "A", "B", "C", "D"]
quiz(2, answer_2)

# %% quiz=3
answer_3 = ""  # @param ["", "A", "B", "C", "D"]
quiz(3, answer_3)

# %% quiz=4
answer_4 = ""  # @param ["", "A", "B", "C", "D"]
quiz(4, answer_4)

# %% quiz=5
answer_5 = ""  # @param ["", "A", "B", "C", "D"]
quiz(5, answer_5)
