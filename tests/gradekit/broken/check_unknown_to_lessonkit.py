# expected: there is no exercise 'melt'

# %% [markdown] lang="en"
# # Title of 2 parts
#
# See `code` and [a link](https://example.org/a).

# %% [markdown] lang="ru"
# # Название из 2 частей
#
# См. `code` и [ссылку](https://example.org/a).

# %% exercise="melt"
def melt(model):
    ### BEGIN SOLUTION
    return model.requires_grad_(False).eval()
    ### END SOLUTION


# %% check="melt" points=2
check("melt", melt)
