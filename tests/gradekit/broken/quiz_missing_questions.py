# expected: do not match the bank's

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
